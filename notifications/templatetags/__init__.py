"""What templates of mails need beside Django's own."""
