"""What the partnership achieved, in numbers for boards: nothing about one child."""
