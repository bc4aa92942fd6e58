"""The SSH driver: connections kept open, and SFTP with many requests in flight."""
