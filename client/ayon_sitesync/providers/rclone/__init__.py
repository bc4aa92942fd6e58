"""Storage behind rclone: one supervised daemon moves the bytes of many kinds of remote.

`daemon` runs the program, `api` talks to it, `remotes` turns settings into remotes,
`provider` is what the engine sees; one module for each kind with settings of its own.
"""
