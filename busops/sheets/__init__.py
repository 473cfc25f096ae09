"""Files of schools, banks and payment services, read and written. Text cells stay text; nothing is stored."""
