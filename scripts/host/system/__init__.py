"""What every host has: packages, files, the login user's ssh key."""
