"""Files and folders of disks, below `local_drive`."""
