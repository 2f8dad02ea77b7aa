"""Spells: unbroken series of school days, however they were reported."""

from spec.written import Spec, Theme

THEME = Theme(
    "Spells, not rows",
    "A spell is an unbroken series of school days with absence. What ends it is a day on which the pupil had lessons and "
    "was there. The number of reports says how a school works; the number of spells says how a pupil is.",
    (
        Spec(
            "A sick report a day is one spell",
            "Some schools want a report on each day of illness. Counted as rows, four days at home, with a weekend in "
            "between, would be the fourth sick report that M@ZL looks for.",
            trap=1,
            absences="""
                from                                       | kind
                Thu 8 Oct, Fri 9 Oct, Mon 12 Oct, Tue 13 Oct | sick
            """,
            expects="""
                what                       | value
                sick_spells_12w            | 1
                absence_spells_12w         | 1
                lengths of sickness spells | 4
                sick_length_mean_year      | 4
                mazl_vo_spells             | none
            """,
        ),
        Spec(
            "A holiday does not end a spell",
            "Ill on the last Friday before the autumn holiday and on the first Monday after it: one spell of two school "
            "days, not of eleven days and not two of one.",
            trap=1,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 9 Oct
                2a  | Mon 19 Oct | Fri 23 Oct
            """,
            absences="""
                from                  | kind
                Fri 9 Oct, Mon 19 Oct | sick
            """,
            expects="""
                what                       | value
                sick_spells_12w            | 1
                lengths of sickness spells | 2
            """,
        ),
        Spec(
            "A day at school does end a spell",
            "Ill on Monday and on Wednesday, at school on Tuesday: two spells, one school day apart.",
            absences="""
                from                   | kind
                Mon 12 Oct, Wed 14 Oct | sick
            """,
            expects="""
                what                       | value
                sick_spells_12w            | 2
                lengths of sickness spells | 1, 1
                sick_gap_last              | 1
                sick_length_mean_year      | 1
            """,
        ),
        Spec(
            "A day on which the lessons fell out, or no register was taken, ends nothing",
            "Nobody knows that the pupil was there on Tuesday. A spell goes on over such a day, and does not count it.",
            trap=3,
            changes="""
                for | from       | status    | register
                2a  | Tue 6 Oct  | cancelled |
                2a  | Tue 13 Oct | planned   | not_taken
            """,
            absences="""
                from                                          | kind
                Mon 5 Oct, Wed 7 Oct, Mon 12 Oct, Wed 14 Oct | sick
            """,
            expects="""
                what                       | value
                lengths of sickness spells | 2, 2
                sick_spells_12w            | 2
            """,
        ),
        Spec(
            "A day without lessons of one's own ends nothing",
            "Bo comes to school on Monday and Thursday. Monday ill and Thursday ill is one spell of two days.",
            trap=13,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 17 Aug
                Bo    | 2a    | Mon 17 Aug
            """,
            changes="""
                for | on          | from       | to         | status
                Bo  | Mon Thu     | Mon 31 Aug | Fri 23 Oct | planned
                Bo  | Tue Wed Fri | Mon 31 Aug | Fri 23 Oct | not_required
            """,
            absences="""
                pupil    | from                   | kind
                Anna, Bo | Mon 12 Oct, Thu 15 Oct | sick
            """,
            expects="""
                pupil | what                       | value
                Anna  | lengths of sickness spells | 1, 1
                Bo    | lengths of sickness spells | 2
            """,
        ),
        Spec(
            "A report without an end lasts until the as-of day",
            "Reported sick until further notice on Thursday 15 October. An empty end is neither one day nor for ever.",
            trap=7,
            absences="""
                from       | to   | kind
                Thu 15 Oct | open | sick
            """,
            expects="""
                asked      | what                       | value
                Mon 19 Oct | lengths of sickness spells | 2
                Mon 26 Oct | lengths of sickness spells | 7
                Mon 26 Oct | days_away_4w               | 7
                Mon 26 Oct | mazl_vo_run                | 7 on Fri 23 Oct
            """,
        ),
        Spec(
            "Nor does it last longer than until the next report",
            "Who is reported for something else has evidently recovered. A teacher's observation on the way ends nothing.",
            trap=7,
            absences="""
                from       | to   | part     | kind        | how
                Mon 12 Oct | open |          | sick        | report
                Tue 13 Oct |      | lesson 2 | unexplained | observation
                Thu 15 Oct |      |          | leave       | report
            """,
            expects="""
                what                       | value      | because
                lengths of sickness spells | 3          | Monday, Tuesday and Wednesday
                sick_rate_4w               | 900 / 6000 |
                unexplained_rate_4w        | 0          | the observation lies within the sick report
            """,
        ),
        Spec(
            "Nor does an hour that was arranged before end it",
            "Every Wednesday Anna is with a therapist for one lesson, which says nothing about whether she is ill that week. Bo, who "
            "comes late on Wednesday, was there.",
            trap=7,
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from       | to   | part     | kind                | how
                Anna  | Mon 12 Oct | open |          | sick                | report
                Anna  | Wed 14 Oct |      | lesson 6 | medical_appointment | report
                Bo    | Mon 12 Oct | open |          | sick                | report
                Bo    | Wed 14 Oct |      | lesson 1 | late                | report
            """,
            expects="""
                pupil | what                       | value
                Anna  | lengths of sickness spells | 10
                Bo    | lengths of sickness spells | 2
            """,
        ),
        Spec(
            "A day on which the pupil need not be there ends nothing either",
            "Ill on Monday and Wednesday. On the Tuesday between, Anna has no lessons of her own, Bo is exempt, and of Cas no register "
            "was taken: none of them was at school on it. Dirk was.",
            trap=7,
            pupils="""
                pupil               | group | from
                Anna, Bo, Cas, Dirk | 2a    | Mon 17 Aug
            """,
            lessons="""
                for  | which       | from       | to         | status       | register
                2a   | lessons 1-6 | Mon 31 Aug | Fri 23 Oct |              |
                Anna | lesson 1    | Tue 13 Oct | Tue 13 Oct | not_required |
                Cas  | lesson 1    | Tue 13 Oct | Tue 13 Oct |              | not_taken
            """,
            absences="""
                pupil               | from                   | kind
                Anna, Bo, Cas, Dirk | Mon 12 Oct, Wed 14 Oct | sick
                Bo                  | Tue 13 Oct             | exemption
            """,
            expects="""
                pupil | what                       | value
                Anna  | lengths of sickness spells | 2
                Bo    | lengths of sickness spells | 2
                Bo    | sick_spells_12w            | 1
                Cas   | lengths of sickness spells | 2
                Dirk  | lengths of sickness spells | 1, 1
                Dirk  | sick_spells_12w            | 2
            """,
        ),
        Spec(
            "One truancy of six weeks, with a free Wednesday",
            "Days on which a pupil need not come do not count in a run, and do not break it.",
            trap=7,
            lessons="""
                for  | which       | from       | to         | on              | status
                2a   | lessons 1-6 | Mon 31 Aug | Fri 23 Oct |                 |
                Anna | lesson 1    | Wed 9 Sep  | Wed 14 Oct | Wed             | not_required
            """,
            absences="""
                from      | to         | kind
                Mon 7 Sep | Fri 16 Oct | truancy
            """,
            expects="""
                what     | value | because
                lpw_lrv  | 6 on Mon 5 Oct | six lesson weeks; longer than four from the first day of the fifth
            """,
        ),
        Spec(
            "One illness through a change of class",
            "Reported ill once, from Friday to Tuesday. From Monday on Anna is in a class that has no lessons on Mondays.",
            trap=14,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug | Sun 11 Oct
                Anna  | 2b    | Mon 12 Oct |
                Bo    | 2a    | Mon 17 Aug |
            """,
            lessons="""
                for | which       | from       | to         | on
                2a  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct |
                2b  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct | Tue Wed Thu Fri
            """,
            absences="""
                pupil    | from      | to         | kind
                Anna, Bo | Fri 9 Oct | Tue 13 Oct | sick
            """,
            expects="""
                pupil | what                       | value
                Anna  | lengths of sickness spells | 2
                Bo    | lengths of sickness spells | 3
            """,
        ),
        Spec(
            "Who leaves is no longer reported ill",
            "Reported ill without an end, gone from the school the day after, and back a month later: the report ended with the enrolment.",
            trap=7,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug | Fri 11 Sep
                Anna  | 2a    | Mon 12 Oct |
            """,
            absences="""
                from       | to   | kind
                Thu 10 Sep | open | sick
            """,
            expects="""
                what                       | value | because
                lengths of sickness spells | 2     | Thursday and Friday
                absent_rate_2w             | 0     |
            """,
        ),
        Spec(
            "An arrangement that repeats is leave, and no illness",
            "Every Thursday afternoon to therapy, reported as a repeating absence: the import reads it as leave for those "
            "lessons. It is authorised time on four days, not four times ill.",
            trap=8,
            absences="""
                from                                            | part        | kind
                Thu 1 Oct, Thu 8 Oct, Thu 15 Oct, Thu 22 Oct | lessons 5-6 | leave
            """,
            expects="""
                what                 | value
                sick_spells_12w      | 0
                sick_spells_year     | 0
                authorised_rate_4w   | 400 / 6000
                unauthorised_rate_4w | 0
                days_part_4w         | 4
            """,
        ),
        Spec(
            "Home during the day is the first day of the spell",
            "Ill from the fourth lesson on Thursday and all of Friday: one spell of two days, of which one away wholly.",
            absences="""
                from       | part        | kind
                Thu 15 Oct | lessons 4-6 | sick
                Fri 16 Oct |             | sick
            """,
            expects="""
                what                       | value
                lengths of sickness spells | 2
                days_away_4w               | 1
                days_part_4w               | 1
                longest_away_12w           | 1
            """,
        ),
        Spec(
            "An unbroken absence may have several reasons",
            "Leave on Thursday and Friday, ill on Monday: three school days away in one series, of which one with illness.",
            absences="""
                from       | to         | kind
                Thu 10 Sep | Fri 11 Sep | leave
                Mon 14 Sep |            | sick
                Wed 14 Oct | Thu 15 Oct | truancy
            """,
            expects="""
                what                       | value
                longest_away_12w           | 3
                longest_away_year          | 3
                absence_spells_12w         | 2
                lengths of sickness spells | 1
            """,
        ),
        Spec(
            "How long a sickness lasted is known from the first day",
            "Anna came on Friday, to five lessons of 50 minutes, and was ill. Less than 300 minutes say nothing of how much or "
            "how often she is away; how long this sickness lasted so far they do say.",
            trap=14,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Fri 23 Oct
            """,
            lessons="""
                for | which       | from       | to
                2a  | lessons 1-5 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                from       | kind
                Fri 23 Oct | sick
            """,
            expects="""
                what                  | value
                sick_length_mean_year | 1
                sick_spells_year      | missing
                sick_rate_year        | missing
            """,
        ),
        Spec(
            "Gaps between spells shorten",
            "Ill on four separate days, with 14, then 5, then 2 school days in between. Two gaps at least are needed to say "
            "that they shorten: with two spells it is missing, not nought.",
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from                                        | kind
                Anna  | Mon 7 Sep, Mon 28 Sep, Tue 6 Oct, Fri 9 Oct | sick
                Bo    | Mon 7 Sep, Mon 28 Sep                       | sick
            """,
            expects="""
                pupil | what                | value                | because
                Anna  | sick_spells_year    | 4                    |
                Anna  | sick_gap_last       | 2                    | 7 and 8 October
                Anna  | sick_gap_shortening | (14 + 5 + 2) / 3 - 2 | the mean gap less the last one
                Bo    | sick_gap_last       | 14                   |
                Bo    | sick_gap_shortening | missing              |
            """,
        ),
    ),
)
