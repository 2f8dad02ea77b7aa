"""Patterns: windows, trends, weekdays, hours, subjects."""

from spec.written import Spec, Theme

_FOURTEEN_WEEKS = """
    for | from       | to
    2a  | Mon 31 Aug | Fri 4 Dec
"""
_ONE_IN_EACH_WINDOW = "Mon 31 Aug, Mon 14 Sep, Mon 12 Oct, Mon 9 Nov, Mon 23 Nov, Mon 30 Nov"

THEME = Theme(
    "Patterns in time",
    "The same registrations seen through different windows, and in different places of the week and of the day.",
    (
        Spec(
            "One registration in each window",
            "Fourteen school weeks of 1,500 minutes. On 7 December the last week begins on 30 November, the last two on the "
            "23rd, the last four on 9 November, eight on 12 October, twelve on 14 September, and the year on 31 August. On each "
            "of those Mondays everyone below missed one lesson, for a reason of his own.",
            pupils="""
                pupil                        | group | from
                Anna, Bo, Cem, Dana, Eva, Fay | 2a    | Mon 17 Aug
            """,
            lessons=_FOURTEEN_WEEKS,
            absences=f"""
                pupil | from                   | part     | kind
                Anna  | {_ONE_IN_EACH_WINDOW} | lesson 1 | sick
                Bo    | {_ONE_IN_EACH_WINDOW} | lesson 6 | truancy
                Cem   | {_ONE_IN_EACH_WINDOW} | lesson 3 | unexplained
                Dana  | {_ONE_IN_EACH_WINDOW} | lesson 3 | medical_appointment
                Eva   | {_ONE_IN_EACH_WINDOW} | lesson 1 | late
                Fay   | {_ONE_IN_EACH_WINDOW} | lesson 2 | removed_from_class
            """,
            asked="Mon 7 Dec",
            expects="""
                pupil | what                   | value
                Anna  | absent_rate_1w         | 50 / 1500
                Anna  | absent_rate_2w         | 100 / 3000
                Anna  | absent_rate_4w         | 150 / 6000
                Anna  | absent_rate_8w         | 200 / 12000
                Anna  | absent_rate_12w        | 250 / 18000
                Anna  | absent_rate_year       | 300 / 21000
                Anna  | sick_rate_4w           | 150 / 6000
                Anna  | sick_rate_12w          | 250 / 18000
                Anna  | sick_rate_year         | 300 / 21000
                Anna  | authorised_rate_4w     | 150 / 6000
                Anna  | authorised_rate_12w    | 250 / 18000
                Anna  | authorised_rate_year   | 300 / 21000
                Anna  | first_slot_missed_4w   | 3
                Anna  | first_slot_missed_12w  | 5
                Anna  | sick_spells_12w        | 5
                Anna  | sick_spells_year       | 6
                Anna  | weeks_with_absence_12w | 5
                Anna  | days_part_4w           | 3
                Anna  | days_part_12w          | 5
                Anna  | days_away_12w          | 0
                Bo    | unauthorised_rate_2w   | 100 / 3000
                Bo    | unauthorised_rate_4w   | 150 / 6000
                Bo    | unauthorised_rate_12w  | 250 / 18000
                Bo    | unauthorised_rate_year | 300 / 21000
                Bo    | last_slot_missed_12w   | 5
                Bo    | first_slot_missed_12w  | 0
                Cem   | unexplained_rate_4w    | 150 / 6000
                Cem   | unexplained_rate_12w   | 250 / 18000
                Dana  | medical_rate_12w       | 250 / 18000
                Eva   | late_count_2w          | 2
                Eva   | late_count_4w          | 3
                Eva   | late_count_12w         | 5
                Eva   | late_count_year        | 6
                Fay   | removed_count_12w      | 5
            """,
        ),
        Spec(
            "Whole days, and the heaviest week",
            "The same Mondays, missed wholly; and all of the week of 9 November. The Monday of 31 August lies outside the last "
            "twelve weeks.",
            lessons=_FOURTEEN_WEEKS,
            absences=f"""
                from                   | to         | kind
                {_ONE_IN_EACH_WINDOW} |            | leave
                Mon 9 Nov              | Fri 13 Nov | leave
            """,
            asked="Mon 7 Dec",
            expects="""
                what              | value | because
                days_away_4w      | 7     | five in the week of 9 November, and two Mondays
                days_away_12w     | 9     |
                days_away_year    | 10    |
                worst_week_12w    | 1     |
                longest_away_12w  | 5     |
                longest_away_year | 5     |
            """,
        ),
        Spec(
            "Nothing missed is nought, not missing",
            "In weeks of which we know the timetable, no registration means that nothing was missed. Shares of what was missed "
            "are another matter: there is nothing to divide.",
            expects="""
                what                   | value
                absent_rate_4w         | 0
                late_count_12w         | 0
                sick_spells_12w        | 0
                absence_spells_12w     | 0
                longest_away_12w       | 0
                weeks_with_absence_12w | 0
                worst_week_12w         | 0
                holiday_edge_days_year | 0
                late_to_absent_4w      | 0
                sick_length_mean_year  | missing
                sick_gap_last          | missing
                days_since_absence     | missing
                monday_share_12w       | missing
                weekend_edge_share_12w | missing
                first_slot_share_12w   | missing
            """,
        ),
        Spec(
            "School days since the last absence",
            "The last lesson missed was on Friday 16 October; a week of five school days has passed since.",
            absences="""
                from       | part     | kind
                Fri 16 Oct | lesson 6 | truancy
            """,
            expects="""
                what               | value
                days_since_absence | 5
            """,
        ),
        Spec(
            "Trends compare a window with the same number of weeks before",
            "On 26 October the last four school weeks began on 28 September, the four before on 31 August. Anna was ill on one "
            "day then and on three days since; Bo skipped two lessons then and five since.",
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from                               | part     | kind
                Anna  | Mon 14 Sep, Mon 12 Oct, Tue 20 Oct, Thu 22 Oct |          | sick
                Bo    | Mon 7 Sep, Mon 14 Sep, Mon 5 Oct, Tue 6 Oct, Mon 12 Oct, Tue 20 Oct, Thu 22 Oct | lesson 6 | truancy
            """,
            expects="""
                pupil | what                   | value                                              | because
                Anna  | absent_change_4w       | 900 / 6000 - 300 / 6000                            |
                Anna  | sick_change_4w         | 900 / 6000 - 300 / 6000                            |
                Anna  | absent_change_2w       | 900 / 3000                                         | nothing in the two weeks before
                Anna  | absent_acceleration_2w | 900 / 3000 - (0 - 300 / 3000)                      | it fell by 300 minutes before, and rose by 900 now
                Bo    | unauthorised_change_4w | 250 / 6000 - 100 / 6000                            |
                Bo    | absent_change_2w       | 150 / 3000 - 100 / 3000                            |
                Bo    | absent_acceleration_2w | (150 / 3000 - 100 / 3000) - (100 / 3000 - 50 / 3000) | weeks of 14 and 21 September held one lesson
                Bo    | sick_change_4w         | 0                                                  |
            """,
        ),
        Spec(
            "Late more often, or less",
            "Twice late in the four weeks before, six times since: once a week more.",
            absences="""
                from                                                                                    | part     | kind
                Mon 7 Sep, Mon 14 Sep, Mon 28 Sep, Mon 5 Oct, Tue 6 Oct, Mon 12 Oct, Mon 19 Oct, Tue 20 Oct | lesson 1 | late
            """,
            expects="""
                what             | value
                late_change_4w   | 6 / 4 - 2 / 4
                absent_change_4w | 0
            """,
        ),
        Spec(
            "Lateness that turns into absence",
            "Anna was late four times in the first four weeks; in the last four she was late once and missed the first lesson "
            "twice. Fewer late alone (Bo) is an improvement, and more absence without less lateness (Cem) is counted elsewhere.",
            pupils="""
                pupil        | group | from
                Anna, Bo, Cem | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil    | from                                       | part     | kind
                Anna, Bo | Mon 31 Aug, Mon 7 Sep, Mon 14 Sep, Mon 21 Sep | lesson 1 | late
                Anna     | Mon 5 Oct                                  | lesson 1 | late
                Anna     | Mon 12 Oct, Mon 19 Oct                     | lesson 1 | truancy
                Cem      | Mon 12 Oct, Mon 19 Oct                     | lesson 1 | truancy
                Cem      | Tue 13 Oct, Tue 20 Oct                     | lesson 1 | late
            """,
            expects="""
                pupil | what              | value | because
                Anna  | late_to_absent_4w | 2     | three times fewer late, two days more: the smaller
                Bo    | late_to_absent_4w | 0     |
                Cem   | late_to_absent_4w | 0     |
            """,
        ),
        Spec(
            "A weekday stands out only after some days",
            "Two Mondays missed and a Tuesday. With two days (Bo) there is no pattern yet, and the share is missing.",
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil    | from                   | kind
                Anna, Bo | Mon 5 Oct, Mon 12 Oct  | sick
                Anna     | Tue 20 Oct             | sick
            """,
            expects="""
                pupil | what                  | value
                Anna  | monday_share_12w      | 600 / 900
                Anna  | friday_share_12w      | 0
                Anna  | top_weekday_share_12w | 600 / 900
                Bo    | monday_share_12w      | missing
                Bo    | top_weekday_share_12w | missing
            """,
        ),
        Spec(
            "The edges of a weekend are the first and last school day of a week",
            "A Monday, a Wednesday, and a Thursday on which the week ended because Friday was a study day.",
            changes="""
                for | from       | status
                2a  | Fri 16 Oct | cancelled
            """,
            absences="""
                from                             | kind
                Mon 5 Oct, Wed 7 Oct, Thu 15 Oct | sick
            """,
            expects="""
                what                   | value
                weekend_edge_share_12w | 2 / 3
            """,
        ),
        Spec(
            "The edges of a holiday",
            "Anna was away on the last day before the autumn holiday and on the first day after it. On the Monday within the "
            "holiday nobody can know yet that Friday was an edge: the school days after it are not there. Bo was away around a "
            "long weekend, which is no holiday: that takes seven days without school.",
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 18 Sep
                2a  | Tue 22 Sep | Fri 9 Oct
                2a  | Mon 19 Oct | Fri 23 Oct
            """,
            absences="""
                pupil | from                             | part     | kind
                Anna  | Tue 6 Oct, Fri 9 Oct, Mon 19 Oct | lesson 1 | leave
                Bo    | Fri 18 Sep, Tue 22 Sep           |          | leave
            """,
            expects="""
                asked      | pupil | what                   | value
                Mon 12 Oct | Anna  | holiday_edge_days_year | 0
                Tue 20 Oct | Anna  | holiday_edge_days_year | 2
                Mon 26 Oct | Anna  | holiday_edge_days_year | 2
                Mon 26 Oct | Bo    | holiday_edge_days_year | 0
            """,
        ),
        Spec(
            "The first hour, and the last",
            "Of four days with absence the first lesson was missed on three, the last lesson on two.",
            absences="""
                from                   | part        | kind
                Mon 12 Oct, Mon 19 Oct | lesson 1    | truancy
                Tue 20 Oct             |             | sick
                Wed 21 Oct             | lessons 4-6 | truancy
            """,
            expects="""
                what                  | value
                first_slot_missed_4w  | 3
                first_slot_missed_12w | 3
                last_slot_missed_12w  | 2
                first_slot_share_12w  | 3 / 4
            """,
        ),
        Spec(
            "Subjects, where the timetable names them",
            "Single lessons missed, on days that were not missed wholly: three times wiskunde and once gym. The day that Anna was ill "
            "says nothing of a subject. Without subjects in the timetable (Bo) it is missing; with fewer than three lessons "
            "(Cem) there is no share.",
            pupils="""
                pupil     | group | from
                Anna, Cem | 2a    | Mon 17 Aug
                Bo        | 2b    | Mon 17 Aug
            """,
            lessons="""
                for | which       | from       | to         | subject
                2a  | lessons 1-3 | Mon 31 Aug | Fri 23 Oct | wi
                2a  | lesson 4    | Mon 31 Aug | Fri 23 Oct | gym
                2a  | lessons 5-6 | Mon 31 Aug | Fri 23 Oct | ne
                2b  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct |
            """,
            absences="""
                pupil    | from                              | part     | kind
                Anna, Bo | Mon 5 Oct, Mon 12 Oct, Mon 19 Oct | lesson 1 | truancy
                Anna     | Tue 20 Oct                        | lesson 4 | truancy
                Anna     | Thu 22 Oct                        |          | sick
                Cem      | Mon 5 Oct                         | lesson 1 | truancy
                Cem      | Mon 12 Oct                        | lesson 5 | truancy
            """,
            expects="""
                pupil | what                  | value
                Anna  | subjects_missed_12w   | 2
                Anna  | top_subject_share_12w | 3 / 4
                Cem   | subjects_missed_12w   | 2
                Cem   | top_subject_share_12w | missing
                Bo    | subjects_missed_12w   | missing
                Bo    | top_subject_share_12w | missing
            """,
        ),
    ),
)
