"""What a second start saves: seconds to the first job handed out, and seconds of a set of elements."""
