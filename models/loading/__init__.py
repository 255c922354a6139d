"""Models and their data from files of the user's own."""
