"""Code that several samplers share."""
