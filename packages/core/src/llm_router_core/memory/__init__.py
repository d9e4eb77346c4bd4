"""What the user taught: corrections and ratings as exact rules that hold from the next route on."""
