"""EC2 on one Linux machine: real hosts, real cloud-init, real sshd, and a firewall that refuses."""
