"""What takes a GPU, ready for the day that there is one."""
