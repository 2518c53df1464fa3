"""The pages of mails: what people choose, and what administrators have them say."""
