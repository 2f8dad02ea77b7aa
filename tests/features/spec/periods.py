"""Whose time it was: enrolments, timetables of one's own, holidays, the start of the year, last year."""

from spec.written import Spec, Theme

THEME = Theme(
    "Whose time it was",
    "Windows are counted in school weeks, named by their Monday. A pupil is measured by the time in which it should have "
    "been at this school; where that is too little, a feature is missing.",
    (
        Spec(
            "A class whose lessons have ended misses nothing any more",
            "The exam class is out from Monday 10 May; the school goes on. Not at school is not absent: what cannot be "
            "missed is missing, and longer windows are taken over the weeks that were.",
            trap=13,
            pupils="""
                pupil | group | from
                Anna  | 4x    | Mon 17 Aug
                Bo    | 2a    | Mon 17 Aug
            """,
            lessons="""
                for | from      | to
                4x  | Mon 1 Mar | Fri 7 May
                2a  | Mon 1 Mar | Fri 4 Jun
            """,
            absences="""
                pupil    | from       | to   | kind
                Anna, Bo | Thu 6 May  | open | sick
            """,
            asked="Mon 7 Jun",
            expects="""
                pupil | what                       | value        | because
                Anna  | absent_rate_4w             | missing      |
                Anna  | days_away_4w               | missing      |
                Anna  | absent_rate_12w            | 600 / 12000  | eight of the twelve weeks had lessons, and two days of illness
                Anna  | lengths of sickness spells | 2            |
                Bo    | absent_rate_4w             | 6000 / 6000  |
                Bo    | lengths of sickness spells | 22           |
            """,
        ),
        Spec(
            "A pupil with a timetable of its own is measured by it",
            "Bo does two days a week, in a programme elsewhere for the rest. A sick report of the whole week is two days.",
            trap=13,
            pupils="""
                pupil    | group | from
                Anna, Bo | 2a    | Mon 17 Aug
            """,
            changes="""
                for | on          | from       | to         | status
                Bo  | Mon Tue     | Mon 31 Aug | Fri 23 Oct | planned
                Bo  | Wed Thu Fri | Mon 31 Aug | Fri 23 Oct | not_required
            """,
            absences="""
                pupil    | from       | to         | kind
                Anna, Bo | Mon 19 Oct | Fri 23 Oct | sick
            """,
            expects="""
                pupil | what           | value
                Anna  | absent_rate_4w | 1500 / 6000
                Anna  | days_away_4w   | 5
                Bo    | absent_rate_4w | 600 / 2400
                Bo    | days_away_4w   | 2
            """,
        ),
        Spec(
            "After a move to another class its timetable counts, from then on",
            "Anna goes from 2a (six lessons a day) to 2b (four) on Monday 5 October. Each day counts by the class she was in. "
            "She is compared with the class she is in now.",
            trap=14,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug | Sun 4 Oct
                Anna  | 2b    | Mon 5 Oct  |
            """,
            lessons="""
                for | which       | from       | to
                2a  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct
                2b  | lessons 1-4 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                from                  | kind
                Tue 29 Sep, Tue 6 Oct | sick
            """,
            expects="""
                what           | value      | because
                absent_rate_4w | 500 / 4500 | 300 + 200 minutes; one week of 1500, three of 1000
                days_away_4w   | 2          |
            """,
        ),
        Spec(
            "Two weeks in another class, and back",
            "An enrolment within another one stands for its own time; then the outer one goes on.",
            trap=14,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug |
                Anna  | 2b    | Mon 5 Oct  | Fri 16 Oct
            """,
            lessons="""
                for | which       | from       | to
                2a  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct
                2b  | lessons 1-4 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                from                             | kind
                Thu 1 Oct, Thu 8 Oct, Thu 22 Oct | sick
            """,
            expects="""
                what           | value      | because
                absent_rate_4w | 800 / 5000 | 300 + 200 + 300 minutes; weeks of 1500, 1000, 1000 and 1500
            """,
        ),
        Spec(
            "Twice in another class, and an exchange within an exchange",
            "However many enrolments lie within another one: at each moment the one that began last stands, and the outer one "
            "goes on after each.",
            trap=14,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug |
                Anna  | 2b    | Mon 14 Sep | Fri 18 Sep
                Anna  | 2b    | Mon 28 Sep | Fri 2 Oct
                Bo    | 2a    | Mon 17 Aug |
                Bo    | 2b    | Mon 14 Sep | Fri 16 Oct
                Bo    | 2c    | Mon 28 Sep | Fri 2 Oct
                Cas   | 2a    | Mon 17 Aug |
                Cas   | 2b    | Mon 17 Aug | Fri 2 Oct
            """,
            lessons="""
                for | which       | from       | to
                2a  | lessons 1-6 | Mon 31 Aug | Fri 23 Oct
                2b  | lessons 1-4 | Mon 31 Aug | Fri 23 Oct
                2c  | lessons 1-2 | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                pupil | from                             | kind
                Anna  | Thu 1 Oct, Thu 8 Oct, Thu 22 Oct | sick
                Bo    | Thu 1 Oct, Thu 8 Oct, Thu 22 Oct | sick
                Cas   | Thu 1 Oct, Thu 8 Oct, Thu 22 Oct | sick
            """,
            expects="""
                pupil | what           | value      | because
                Anna  | absent_rate_4w | 800 / 5500 | 200 + 300 + 300 minutes; weeks of 1000, 1500, 1500 and 1500
                Bo    | absent_rate_4w | 600 / 4000 | 100 + 200 + 300 minutes; weeks of 500, 1000, 1000 and 1500
                Cas   | absent_rate_4w | 800 / 5500 | of two from one day the shorter stands while it lasts
            """,
        ),
        Spec(
            "A short history is not good attendance",
            "Anna came from another school on Monday 12 October; only totals move along. What was before is unknown, so that "
            "there is nothing to compare with, and absence from before she was here is not ours to count. Bo starts today.",
            trap=14,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 12 Oct
                Bo    | 2a    | Mon 26 Oct
                Cem   | 2a    | Thu 22 Oct
            """,
            absences="""
                pupil | from                  | kind
                Anna  | Tue 6 Oct, Tue 13 Oct | sick
            """,
            expects="""
                pupil | what                  | value      | because
                Anna  | absent_rate_4w        | 300 / 3000 | two weeks here
                Anna  | absent_rate_year      | 300 / 3000 |
                Anna  | absent_change_4w      | missing    |
                Anna  | absent_rate_last_year | missing    |
                Anna  | absent_vs_last_year   | missing    |
                Bo    | absent_rate_4w        | missing    |
                Bo    | late_count_4w         | missing    |
                Bo    | on the list of pupils | yes        |
                Cem   | absent_rate_4w        | 0          | two days are enough for a rate of nought
            """,
        ),
        Spec(
            "Only who is enrolled today is counted",
            "Bo left on Friday; Cem comes on Monday next week.",
            trap=14,
            pupils="""
                pupil | group | from       | to
                Anna  | 2a    | Mon 17 Aug |
                Bo    | 2a    | Mon 17 Aug | Fri 23 Oct
                Cem   | 2a    | Mon 2 Nov  |
            """,
            expects="""
                pupil | what                  | value
                Anna  | on the list of pupils | yes
                Bo    | on the list of pupils | no
                Cem   | on the list of pupils | no
            """,
        ),
        Spec(
            "Holidays leave every window",
            "A window of four weeks holds four school weeks. With an autumn holiday from 12 to 16 October it begins a week "
            "earlier, on 21 September; four calendar weeks would have held three weeks of lessons.",
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 9 Oct
                2a  | Mon 19 Oct | Fri 23 Oct
            """,
            absences="""
                from                   | kind
                Fri 18 Sep, Mon 21 Sep | sick
            """,
            expects="""
                what                   | value      | because
                absent_rate_4w         | 300 / 6000 | 21 September is inside, 18 September is not
                weeks_with_absence_12w | 2          |
            """,
        ),
        Spec(
            "In the first weeks of the year, windows do not look over the summer",
            "Five weeks ill in June are last year's. One week into the new year the last four weeks are that one week; what "
            "needs an earlier period is missing, not nought.",
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 18 Aug 2025
            """,
            lessons="""
                for | from            | to
                2a  | Mon 1 Jun 2026  | Fri 3 Jul 2026
                2a  | Mon 31 Aug      | Fri 4 Sep
            """,
            absences="""
                from            | to              | kind
                Mon 1 Jun 2026  | Fri 3 Jul 2026  | sick
                Tue 1 Sep       |                 | sick
            """,
            asked="Mon 7 Sep",
            expects="""
                what                  | value      | because
                absent_rate_4w        | 300 / 1500 |
                absent_rate_12w       | 300 / 1500 |
                worst_week_12w        | 300 / 1500 |
                longest_away_12w      | 1          |
                longest_away_year     | 1          |
                sick_spells_12w       | 1          |
                absent_change_4w      | missing    | there are no weeks before
                absent_change_2w      | missing    |
                sick_gap_last         | missing    | the summer is no gap between two spells
                absent_rate_last_year | 1          |
            """,
        ),
        Spec(
            "Last year, beside this year",
            "What a pupil's own last year was like is kept apart. Bo was not at this school then.",
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 18 Aug 2025
                Bo    | 2a    | Mon 31 Aug
            """,
            lessons="""
                for | from            | to
                2a  | Mon 1 Jun 2026  | Fri 26 Jun 2026
                2a  | Mon 31 Aug      | Fri 23 Oct
            """,
            absences="""
                pupil    | from                            | part     | kind
                Anna     | Mon 8 Jun 2026, Wed 10 Jun 2026 |          | sick
                Anna     | Fri 12 Jun 2026                 | lesson 6 | truancy
                Anna     | Mon 15 Jun 2026                 | lesson 1 | late
                Anna, Bo | Mon 19 Oct                      |          | sick
            """,
            expects="""
                pupil | what                        | value                   | because
                Anna  | absent_rate_last_year       | 650 / 6000              |
                Anna  | unauthorised_rate_last_year | 50 / 6000               |
                Anna  | sick_spells_last_year       | 2                       |
                Anna  | late_count_last_year        | 1                       |
                Anna  | absent_vs_last_year         | 300 / 12000 - 650 / 6000 | this year less last year
                Bo    | absent_rate_last_year       | missing                 |
                Bo    | late_count_last_year        | missing                 |
                Bo    | absent_vs_last_year         | missing                 |
            """,
        ),
        Spec(
            "Weeks follow each other through week 53 and the turn of the year",
            "2026 has an ISO week 53. Keyed on a week number, 28 December 2026 and 4 January 2027 are easily put apart or "
            "together; keyed on their Monday they are simply the next week. With the Christmas holiday in between, the week "
            "before 4 January is that of 14 December, and an illness over it is one spell.",
            trap=18,
            lessons="""
                for | from       | to
                2a  | Mon 30 Nov | Fri 18 Dec
                2a  | Mon 4 Jan  | Fri 8 Jan
            """,
            absences="""
                from                  | kind
                Fri 18 Dec, Mon 4 Jan | sick
            """,
            asked="Mon 11 Jan",
            expects="""
                what                       | value
                absent_rate_1w             | 300 / 1500
                absent_rate_2w             | 600 / 3000
                lengths of sickness spells | 2
                sick_spells_12w            | 1
            """,
        ),
        Spec(
            "A school that is open in week 53 has lessons in it",
            "A school abroad without a Christmas holiday: 28 December is the second week before 11 January.",
            trap=18,
            lessons="""
                for | from      | to
                2a  | Mon 7 Dec | Fri 8 Jan
            """,
            absences="""
                from                   | kind
                Wed 23 Dec, Wed 30 Dec | sick
            """,
            asked="Mon 11 Jan",
            expects="""
                what                   | value
                absent_rate_1w         | 0
                absent_rate_2w         | 300 / 3000
                absent_rate_4w         | 600 / 6000
                weeks_with_absence_12w | 2
            """,
        ),
    ),
)
