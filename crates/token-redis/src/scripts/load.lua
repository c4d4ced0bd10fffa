return entry()
