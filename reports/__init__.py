"""What people read: tables, figures and pages, made from rows and stored draws."""
