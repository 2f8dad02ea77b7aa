"""Compared with others in the same weeks, and the habits of the school."""

from spec.written import Spec, Theme

THEME = Theme(
    "Compared with others",
    "Others are compared with over the same weeks, without the pupil itself. What is the same for a whole school is kept "
    "apart from the pupil.",
    (
        Spec(
            "A flu wave is not a signal",
            "Everybody was ill for a day. Much absence, and no difference from anyone.",
            pupils="""
                pupil      | group | from
                P00 to P04 | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil      | from       | kind
                P00 to P04 | Mon 19 Oct | sick
            """,
            expects="""
                pupil | what                    | value
                P00   | absent_rate_4w          | 300 / 6000
                P00   | absent_vs_class_4w      | 0
                P00   | absent_vs_class_12w     | 0
                P00   | absent_vs_year_group_4w | 0
                P00   | absent_vs_school_4w     | 0
                P00   | sick_vs_school_2w       | 0
            """,
        ),
        Spec(
            "Class, year group and school are different others",
            "Anna missed two days. In her class one of two others missed a day; in the parallel class of the same year one of "
            "one missed two; in another year nobody missed anything.",
            pupils="""
                pupil        | group | year group | from
                Anna, Bo, Cem | 2a    | 12         | Mon 17 Aug
                Dana         | 2b    | 12         | Mon 17 Aug
                Eva          | 3a    | 13         | Mon 17 Aug
            """,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 23 Oct
                2b  | Mon 31 Aug | Fri 23 Oct
                3a  | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                pupil | from                   | kind
                Anna  | Mon 12 Oct, Mon 19 Oct | sick
                Bo    | Tue 20 Oct             | sick
                Dana  | Mon 12 Oct, Mon 19 Oct | truancy
            """,
            expects="""
                what                    | value                    | because
                absent_vs_class_4w      | 600 / 6000 - 300 / 12000 | Bo and Cem
                absent_vs_class_12w     | 600 / 12000 - 300 / 24000 |
                absent_vs_year_group_4w | 600 / 6000 - 900 / 18000 | Bo, Cem and Dana
                absent_vs_school_4w     | 600 / 6000 - 900 / 24000 | and Eva
                sick_vs_school_2w       | 600 / 3000 - 300 / 12000 | Dana was not ill
            """,
        ),
        Spec(
            "Without others there is nothing to compare with",
            "Anna is alone in her class: missing, not nought.",
            absences="""
                from       | kind
                Mon 19 Oct | sick
            """,
            expects="""
                what               | value
                absent_vs_class_4w | missing
                sick_vs_school_2w  | missing
            """,
        ),
        Spec(
            "How a school records is told apart from how a pupil is",
            "Half of the time missed at this school has no reason yet; two pupils were late twice in all; the registers of one "
            "day were not taken. All of it is the same for every pupil, also for Cem, who missed nothing.",
            pupils="""
                pupil        | group | from
                Anna, Bo, Cem | 2a    | Mon 17 Aug
            """,
            changes="""
                for | from       | register
                2a  | Thu 22 Oct | not_taken
            """,
            absences="""
                pupil    | from       | part        | kind
                Anna     | Mon 19 Oct | lessons 1-3 | unexplained
                Bo       | Mon 19 Oct | lessons 1-3 | leave
                Anna, Bo | Tue 20 Oct | lesson 1    | late
            """,
            expects="""
                pupil | what                         | value                     | because
                Anna  | school_unexplained_share_12w | 150 / 300                 |
                Cem   | school_unexplained_share_12w | 150 / 300                 |
                Cem   | school_late_rate_12w         | 2 / (3 * (12000 - 300) / 60) | three pupils, eight weeks without one day, in hours
                Cem   | school_unregistered_share_4w | 300 / 6000                |
                Cem   | absent_rate_4w               | 0                         |
            """,
        ),
    ),
)
