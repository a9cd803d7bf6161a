"""What programme leads look at: numbers that may be shown, their pictures, and files to take away."""
