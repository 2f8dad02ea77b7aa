"""What was known on a day: corrections, withdrawals, late entries."""

from spec.written import Spec, Theme

THEME = Theme(
    "What was known on that day",
    "A list for a Monday counts what was known on that Monday. What is corrected, added or taken back later counts from "
    "the moment at which it became known, and never before.",
    (
        Spec(
            "A code that is corrected counts as corrected from that moment",
            "A lesson missed without a reason is truancy on Monday and illness on Wednesday of the week after, when a "
            "note comes in. A model that is trained on the corrected books has seen the future; here each moment sees "
            "the version of that moment.",
            trap=2,
            absences="""
                record | from       | part     | kind    | known from
                note   | Mon 28 Sep | lesson 1 | truancy | Mon 28 Sep 09:00
                note   | Mon 28 Sep | lesson 1 | sick    | Wed 7 Oct 11:00
            """,
            expects="""
                asked           | what                 | value     | because
                Mon 5 Oct       | unauthorised_rate_4w | 50 / 6000 | one lesson of 50 minutes in four weeks of 30 lessons
                Mon 5 Oct       | sick_rate_4w         | 0         |
                Wed 7 Oct 10:59 | unauthorised_rate_4w | 50 / 5100 | the running week counts too: so far two days of 300 minutes
                Wed 7 Oct 11:00 | unauthorised_rate_4w | 0         |
                Wed 7 Oct 11:00 | sick_rate_4w         | 50 / 5100 |
                Mon 12 Oct      | sick_rate_4w         | 50 / 6000 |
                Mon 12 Oct      | absent_rate_4w       | 50 / 6000 | the time missed was the same all along
            """,
        ),
        Spec(
            "A registration that is taken back counted until then",
            "A pupil was marked absent by mistake. Deleting the row would change what an earlier list was made from.",
            trap=2,
            absences="""
                record  | from      | kind        | known from
                mistake | Tue 6 Oct | unexplained | Tue 6 Oct 09:00
                mistake | Tue 6 Oct | taken back  | Tue 13 Oct 10:00
            """,
            expects="""
                asked      | what                | value
                Mon 12 Oct | unexplained_rate_4w | 300 / 6000
                Mon 12 Oct | days_away_4w        | 1
                Mon 19 Oct | unexplained_rate_4w | 0
                Mon 19 Oct | days_away_4w        | 0
            """,
        ),
        Spec(
            "A registration that is entered late counts from when it was entered",
            "The day itself lies in the past, but on the Monday between nobody could have known.",
            trap=2,
            absences="""
                from      | kind | known from
                Tue 6 Oct | sick | Tue 13 Oct 16:00
            """,
            expects="""
                asked      | what            | value
                Mon 12 Oct | sick_rate_4w    | 0
                Mon 12 Oct | sick_spells_12w | 0
                Mon 19 Oct | sick_rate_4w    | 300 / 6000
                Mon 19 Oct | sick_spells_12w | 1
            """,
        ),
        Spec(
            "Without a recorded moment the delivery's own moment stands",
            "An export that does not say when its rows were entered is known from its delivery on: all of September at "
            "once. A backtest over those weeks would otherwise know everything early. Where a school asks for the day "
            "itself as the moment, that is an assumption and the grade of the week says so.",
            trap=2,
            absences="""
                from                               | kind | known from
                Tue 15 Sep, Wed 23 Sep, Thu 1 Oct | sick | Fri 9 Oct 18:00
            """,
            expects="""
                asked      | what            | value
                Mon 5 Oct  | sick_spells_12w | 0
                Mon 12 Oct | sick_spells_12w | 3
            """,
        ),
        Spec(
            "A lesson that falls out is no lesson from when that is known",
            "The timetable has versions too. On Monday 12 October the Friday before still counted as scheduled.",
            trap=2,
            changes="""
                for | from      | status    | known from
                2a  | Fri 9 Oct | cancelled | Tue 13 Oct 12:00
            """,
            absences="""
                from      | kind
                Thu 8 Oct | sick
            """,
            expects="""
                asked      | what           | value      | because
                Mon 12 Oct | absent_rate_1w | 300 / 1500 |
                Mon 19 Oct | absent_rate_2w | 300 / 2700 | the week of 5 October has four days now
            """,
        ),
        Spec(
            "A change of class counts from when it was entered",
            "The administration enters on Tuesday 13 October that Anna is in 2b since the Monday of the week before. 2b has "
            "four lessons a day.",
            trap=2,
            pupils="""
                pupil | group | from       | to        | known from
                Anna  | 2a    | Mon 17 Aug |           | Mon 17 Aug 09:00
                Anna  | 2b    | Mon 5 Oct  |           | Tue 13 Oct 09:00
            """,
            lessons="""
                for | which       | from       | to
                2a  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct
                2b  | lessons 1-4 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                from      | kind
                Thu 8 Oct | sick
            """,
            expects="""
                asked      | what           | value
                Mon 12 Oct | absent_rate_1w | 300 / 1500
                Mon 19 Oct | absent_rate_2w | 200 / 2000
            """,
        ),
        Spec(
            "The day itself does not count",
            "At six on Monday morning nobody knows Monday, also where a parent has already reported the pupil sick.",
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 30 Oct
            """,
            absences="""
                from       | kind | known from
                Mon 26 Oct | sick | Mon 26 Oct 05:30
            """,
            expects="""
                asked      | what           | value
                Mon 26 Oct | absent_rate_1w | 0
                Tue 27 Oct | absent_rate_1w | 300 / 300
            """,
        ),
        Spec(
            "Days and moments are Dutch, also around a change of the clock",
            "The clock goes back on Sunday 25 October 2026. Six in the morning is 04:00 UTC on the Monday before and 05:00 "
            "on the Monday after; and at half past midnight a new Dutch day has begun that is still yesterday in UTC.",
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 30 Oct
            """,
            absences="""
                from       | kind | part     | known from
                Fri 23 Oct | sick |          | Mon 26 Oct 05:30
                Mon 26 Oct | sick | lesson 1 | Mon 26 Oct 09:00
            """,
            expects="""
                asked            | what                          | value
                Mon 26 Oct 05:29 | absent_minutes of Fri 23 Oct  | 0
                Mon 26 Oct 05:30 | absent_minutes of Fri 23 Oct  | 300
                Mon 26 Oct 23:30 | absent_minutes of Mon 26 Oct  | 0
                Tue 27 Oct 00:30 | absent_minutes of Mon 26 Oct  | 50
            """,
        ),
    ),
)
