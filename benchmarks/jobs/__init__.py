"""Work as a list of small jobs: what each is, where its result is kept, what runs it."""
