"""Read by hooks and by core: the standard library only, so that a hook costs milliseconds."""
