"""Tools of servers of the Model Context Protocol as operations, over HTTP or a program's standard streams."""
