"""Other tools on the same work: each adapter is all that is written for one."""
