"""What tests share: those of the lab, and those of a program that runs on one."""
