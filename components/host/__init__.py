"""An EC2 instance from launch to the host agent on it."""
