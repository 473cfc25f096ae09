"""Problems that are not a school's own: public routing files, and synthetic towns for benchmarks."""
