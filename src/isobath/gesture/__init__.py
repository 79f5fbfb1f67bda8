"""From what a controller says to where the performer is. Plain numbers and times; no device in sight."""
