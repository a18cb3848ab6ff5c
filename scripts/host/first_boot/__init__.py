"""What runs on a host before the agent is there: the waits of the first boot, and the installation of the agent."""
