"""Reports of campaigns, for those who have to show what was reviewed: as rows, as files, and as a paper to sign."""
