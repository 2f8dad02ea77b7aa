"""What counts as missed, and of what: numerator and denominator."""

from spec.written import Spec, Theme

THEME = Theme(
    "What was missed, and of what",
    "Time missed is what registrations cover of scheduled time, in minutes, each lesson once. Time of which nobody knows, "
    "and time that was not required, is in neither.",
    (
        Spec(
            "A register that was not taken is unknown, not present",
            "On Monday nobody took the register in the first three lessons. They leave the denominator, and so does what was "
            "registered in them. How often that happens at a school is a feature of its own.",
            trap=3,
            changes="""
                for | from       | which       | register
                2a  | Mon 19 Oct | lessons 1-3 | not_taken
            """,
            absences="""
                from       | part        | kind
                Mon 19 Oct | lessons 3-4 | truancy
            """,
            expects="""
                what                         | value      | because
                absent_rate_1w               | 50 / 1350  | lesson 3 is unknown, lesson 4 was missed
                school_unregistered_share_4w | 150 / 6000 |
            """,
        ),
        Spec(
            "A lesson that fell out is neither missed nor attended",
            "The last two lessons of Monday were cancelled; the sick report of that day covers them as well.",
            trap=4,
            changes="""
                for | from       | which       | status
                2a  | Mon 19 Oct | lessons 5-6 | cancelled
            """,
            absences="""
                from       | kind
                Mon 19 Oct | sick
            """,
            expects="""
                what           | value
                absent_rate_1w | 200 / 1400
                days_away_4w   | 1
            """,
        ),
        Spec(
            "Nvt is planned, but not required",
            "EduArte notes *Nvt* where a pupil did not have to be in a lesson. Neither present nor absent.",
            trap=4,
            absences="""
                from       | part     | kind         | how
                Mon 19 Oct | lesson 2 | not_required | observation
                Mon 19 Oct | lesson 3 | unexplained  | observation
            """,
            expects="""
                what                | value
                absent_rate_1w      | 50 / 1450
                unexplained_rate_4w | 50 / 5950
            """,
        ),
        Spec(
            "An exemption leaves the denominator; a week of nothing else is missing",
            "Anna is exempt on Monday and Tuesday and ill on Wednesday. Bo is exempt all week: what share he missed cannot be "
            "said, which is not the same as nothing.",
            trap=4,
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from       | to         | kind
                Anna  | Mon 19 Oct | Tue 20 Oct | exemption
                Anna  | Wed 21 Oct |            | sick
                Bo    | Mon 19 Oct | Fri 23 Oct | exemption
            """,
            expects="""
                pupil | what           | value
                Anna  | absent_rate_1w | 300 / 900
                Bo    | absent_rate_1w | missing
                Bo    | absent_rate_4w | 0
            """,
        ),
        Spec(
            "A report and the observations in it count once",
            "A parent reports the day sick; three teachers note an empty chair. Added up that would be nine lessons in a day "
            "of six. Each lesson counts once, under the reason that explains most.",
            trap=5,
            absences="""
                from       | part        | kind        | how
                Mon 19 Oct |             | sick        | report
                Mon 19 Oct | lessons 1-3 | unexplained | observation
            """,
            expects="""
                what                | value
                absent_rate_1w      | 300 / 1500
                sick_rate_4w        | 300 / 6000
                unexplained_rate_4w | 0
            """,
        ),
        Spec(
            "The same registration twice counts once",
            "Delivered under two keys, it is still one lesson missed and once late.",
            trap=5,
            absences="""
                record | from       | part     | kind
                first  | Mon 19 Oct | lesson 2 | truancy
                second | Mon 19 Oct | lesson 2 | truancy
                third  | Tue 20 Oct | lesson 1 | late
                fourth | Tue 20 Oct | lesson 1 | late
            """,
            expects="""
                what                 | value
                unauthorised_rate_2w | 50 / 3000
                late_count_2w        | 1
            """,
        ),
        Spec(
            "A report of a whole day is laid on the timetable of that day",
            "From midnight to midnight is not twenty-four hours missed: Wednesday has three lessons. Nor does the weekend "
            "count in a report from Friday to Monday.",
            trap=6,
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            lessons="""
                for | on              | which       | from       | to
                2a  | Mon Tue Thu Fri | lessons 1-6 | Mon 31 Aug | Fri 23 Oct
                2a  | Wed             | lessons 1-3 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                pupil | from       | to         | kind
                Anna  | Wed 21 Oct |            | sick
                Bo    | Fri 16 Oct | Mon 19 Oct | sick
            """,
            expects="""
                pupil | what                          | value
                Anna  | absent_minutes of Wed 21 Oct  | 150
                Anna  | absent_rate_1w                | 150 / 1350
                Bo    | absent_rate_2w                | 600 / 2700
            """,
        ),
        Spec(
            "An hour for which nothing was scheduled cannot be missed",
            "The report says lesson 8; the day ends after lesson 6.",
            trap=6,
            absences="""
                from       | part     | kind
                Mon 19 Oct | lesson 8 | truancy
            """,
            expects="""
                what                 | value
                absent_rate_1w       | 0
                unauthorised_rate_2w | 0
            """,
        ),
        Spec(
            "A day on which the whole school was away is no school day",
            "The school was closed on Thursday and the registers were filled in all the same: 24 of 25 pupils absent. That is no "
            "wave of illness and no pattern of any pupil; the day leaves every count.",
            trap=12,
            pupils="""
                pupil      | group | from
                Anna       | 2a    | Mon 17 Aug
                P01 to P24 | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil      | from       | kind
                P01 to P24 | Thu 15 Oct | unexplained
                P01        | Fri 16 Oct | sick
            """,
            expects="""
                pupil | what                                 | value
                P01   | scheduled_minutes of week Mon 12 Oct | 1200
                P01   | absent_rate_2w                       | 300 / 2700
                P02   | absent_rate_2w                       | 0
                P02   | days_away_4w                         | 0
            """,
        ),
        Spec(
            "A wave of illness is a school day like any other",
            "Twelve of 25 pupils ill on one day is much, but it happened to pupils and not to the school.",
            trap=12,
            pupils="""
                pupil      | group | from
                Anna       | 2a    | Mon 17 Aug
                P01 to P24 | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil      | from       | kind
                P01 to P12 | Thu 15 Oct | sick
            """,
            expects="""
                pupil | what           | value
                P01   | absent_rate_2w | 300 / 3000
                P13   | absent_rate_2w | 0
            """,
        ),
    ),
)
