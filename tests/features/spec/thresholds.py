"""The thresholds that schools use today, worked out by hand."""

from spec.written import Spec, Theme

_FIVE_WEEKS = """
    for | from       | to
    2a  | Mon 31 Aug | Fri 2 Oct
"""
_TERM = """
    for | from       | to
    2a  | Mon 31 Aug | Fri 18 Dec
"""
_PUPILS = """
    pupil    | group | from
    Anna, Bo | 2a    | Mon 17 Aug
"""

THEME = Theme(
    "Thresholds that schools use",
    "The rules are counted from the same history as the features, and at the same moment. The value is followed by the day "
    "on which the threshold was reached. A school day here is 300 minutes: five clock hours.",
    (
        Spec(
            "Sixteen hours in four lesson weeks, with a holiday in between",
            "Leerplichtwet art. 21a. Two days without a valid reason before the holiday and two after it: 20 hours. By the "
            "calendar seven weeks have passed, but holiday weeks are no lesson weeks. Cem missed a day less: 15 hours.",
            pupils="""
                pupil     | group | from
                Anna, Cem | 2a    | Mon 17 Aug
            """,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 11 Sep
                2a  | Mon 5 Oct  | Fri 16 Oct
            """,
            absences="""
                pupil     | from                   | kind
                Anna, Cem | Mon 31 Aug, Tue 1 Sep  | truancy
                Anna, Cem | Mon 12 Oct             | truancy
                Anna      | Tue 13 Oct             | truancy
            """,
            asked="Mon 19 Oct",
            expects="""
                pupil | what    | value
                Anna  | lpw_16h     | 20 on Tue 13 Oct
                Cem   | lpw_16h     | none
                Anna  | lpw_16h_mbo | 20 on Tue 13 Oct
                Cem   | lpw_16h_mbo | none
            """,
        ),
        Spec(
            "Sixteen is reached at sixteen, not only above it",
            "The statute reads as sixteen or more. Three days and one hour are 16 hours; three days are 15. Illness and "
            "lateness are no hours without a valid reason.",
            pupils=_PUPILS,
            lessons=_FIVE_WEEKS,
            absences="""
                pupil    | from                               | part       | kind
                Anna, Bo | Mon 14 Sep, Tue 15 Sep, Wed 16 Sep |            | truancy
                Anna     | Thu 17 Sep                         | 60 minutes | truancy
                Bo       | Thu 17 Sep                         |            | sick
                Bo       | Fri 18 Sep                         | lesson 1   | late
            """,
            asked="Mon 5 Oct",
            expects="""
                pupil | what    | value
                Anna  | lpw_16h | 16 on Thu 17 Sep
                Bo    | lpw_16h | none
            """,
        ),
        Spec(
            "After a report a new period begins",
            "20 hours by Thursday 17 September: a report. What follows counts from nought: two more days are 10 hours, four are "
            "20 and a second report. The first stays in view, for we do not know whether it was made.",
            lessons=_FIVE_WEEKS,
            absences="""
                from                                           | kind
                Mon 14 Sep, Tue 15 Sep, Wed 16 Sep, Thu 17 Sep | truancy
                Mon 21 Sep, Tue 22 Sep, Wed 23 Sep, Thu 24 Sep | truancy
            """,
            expects="""
                asked      | what    | value
                Mon 21 Sep | lpw_16h | 20 on Thu 17 Sep
                Wed 23 Sep | lpw_16h | 20 on Thu 17 Sep
                Mon 28 Sep | lpw_16h | 20 on Thu 17 Sep; 20 on Thu 24 Sep
            """,
        ),
        Spec(
            "Hours that are more than four lesson weeks apart do not add up",
            "Two days in the first week and two in the fifth. Over the whole year they do: 20 of the 25 hours that one school "
            "looks at, and a lesson day more makes 25.",
            pupils=_PUPILS,
            lessons=_FIVE_WEEKS,
            absences="""
                pupil    | from                                          | kind
                Anna, Bo | Mon 31 Aug, Tue 1 Sep, Mon 28 Sep, Tue 29 Sep | truancy
                Anna     | Wed 30 Sep                                    | truancy
            """,
            asked="Mon 5 Oct",
            expects="""
                pupil | what     | value
                Bo    | lpw_16h  | none
                Bo    | vo_line2 | none
                Anna  | lpw_16h  | none
                Anna  | vo_line2 | 25 on Wed 30 Sep
            """,
        ),
        Spec(
            "Luxeverzuim is a duty from the first day, granted leave is none",
            "A holiday outside the holidays. The head may have granted Bo's.",
            pupils=_PUPILS,
            absences="""
                pupil | from       | to         | kind         | authorised
                Anna  | Thu 15 Oct | Fri 16 Oct | luxury_leave |
                Bo    | Thu 15 Oct | Fri 16 Oct | luxury_leave | yes
            """,
            expects="""
                pupil | what     | value
                Anna  | lpw_luxe     | 2 on Thu 15 Oct
                Bo    | lpw_luxe     | none
                Anna  | lpw_luxe_mbo | 2 on Thu 15 Oct
                Bo    | lpw_luxe_mbo | none
            """,
        ),
        Spec(
            "More than four weeks in a row without a valid reason",
            "Langdurig relatief verzuim: 21 school days, through a holiday. Illness is not counted (trap 16 says what that "
            "means for a list).",
            trap=16,
            pupils=_PUPILS,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 11 Sep
                2a  | Mon 21 Sep | Fri 23 Oct
            """,
            absences="""
                pupil | from      | to        | kind
                Anna  | Tue 1 Sep | Tue 6 Oct | truancy
                Bo    | Tue 1 Sep | Tue 6 Oct | sick
            """,
            expects="""
                pupil | what              | value
                Anna  | lpw_lrv           | 4.2 on Tue 6 Oct
                Bo    | lpw_lrv           | none
                Anna  | lpw_lrv_mbo       | 4.2 on Tue 6 Oct
                Bo    | lpw_lrv_mbo       | none
                Bo    | longest_away_year | 21
            """,
        ),
        Spec(
            "Another class trains for its exam in the holiday",
            "That makes no lesson week of it for Anna: her four are those of 28 September, 5 October, 12 October and 26 October. "
            "Nor for Bo, who was away from 28 September to 27 October: three weeks and two days. Three weeks in which Cem had no "
            "lessons of his own are no lesson weeks of his.",
            trap=16,
            pupils="""
                pupil         | group | from
                Anna, Bo, Cem | 2a    | Mon 17 Aug
            """,
            lessons="""
                for | which       | from       | to         | status
                2a  | lessons 1-6 | Mon 31 Aug | Fri 16 Oct |
                2a  | lessons 1-6 | Mon 26 Oct | Fri 30 Oct |
                5v  | lessons 1-6 | Tue 20 Oct |            |
                Cem | lesson 1    | Mon 21 Sep | Fri 9 Oct  | not_required
            """,
            absences="""
                pupil | from                   | to         | kind
                Anna  | Mon 28 Sep, Tue 29 Sep |            | truancy
                Anna  | Mon 26 Oct, Tue 27 Oct |            | truancy
                Bo    | Mon 28 Sep             | Tue 27 Oct | truancy
                Cem   | Mon 14 Sep, Tue 15 Sep |            | truancy
                Cem   | Mon 26 Oct, Tue 27 Oct |            | truancy
            """,
            asked="Mon 2 Nov",
            expects="""
                pupil | what    | value
                Anna  | lpw_16h | 20 on Tue 27 Oct
                Bo    | lpw_lrv | none
                Cem   | lpw_16h | 20 on Tue 27 Oct
            """,
        ),
        Spec(
            "One day a week, missed for five weeks",
            "Four weeks are four weeks, however few days of them are the pupil's own: Anna has lessons on Tuesdays alone.",
            trap=16,
            pupils="""
                pupil | group | from
                Anna  | 2t    | Mon 17 Aug
            """,
            lessons="""
                for | from       | to         | on
                2a  | Mon 31 Aug | Fri 23 Oct |
                2t  | Mon 31 Aug | Fri 23 Oct | Tue
            """,
            absences="""
                from      | to        | kind
                Tue 1 Sep | Tue 6 Oct | truancy
            """,
            expects="""
                what    | value
                lpw_lrv | 5.2 on Tue 29 Sep
            """,
        ),
        Spec(
            "A new school year is a new count, but not for the law",
            "Ill and truant in June, nothing in the first week after the summer. The shares and reports of M@ZL and of the tiers begin "
            "anew, as the features do; what has to be reported stays to be reported within four lesson weeks.",
            trap=13,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 18 Aug 2025
                Bo    | 2a    | Mon 18 Aug 2025
            """,
            lessons="""
                for | from           | to
                2a  | Mon 4 May 2026 | Fri 3 Jul 2026
                2a  | Mon 31 Aug     | Fri 23 Oct
            """,
            absences="""
                pupil | from                                                | to              | kind
                Anna  | Mon 15 Jun 2026                                     | Thu 18 Jun 2026 | truancy
                Anna  | Mon 1 Jun 2026                                      | Fri 12 Jun 2026 | sick
                Bo    | Fri 3 Jul 2026                                      |                 | sick
                Bo    | Mon 31 Aug, Tue 8 Sep, Tue 15 Sep, Tue 22 Sep       |                 | sick
            """,
            expects="""
                asked      | pupil | what           | value
                Mon 7 Sep  | Anna  | absent_rate_4w | 0
                Mon 7 Sep  | Anna  | tier_3         | none
                Mon 7 Sep  | Anna  | mazl_vo_run    | none
                Mon 7 Sep  | Anna  | lpw_16h        | 20 on Thu 18 Jun
                Mon 28 Sep | Bo    | mazl_po_spells | 4 on Tue 22 Sep
            """,
        ),
        Spec(
            "M@ZL, secondary: the fourth sick report in twelve school weeks",
            "Spells, not rows: reports on Monday and Tuesday are one. After twelve school weeks the first one no longer counts.",
            pupils=_PUPILS,
            lessons=_TERM,
            absences="""
                pupil    | from                                          | kind
                Anna, Bo | Mon 7 Sep, Tue 8 Sep, Thu 10 Sep, Tue 15 Sep  | sick
                Anna     | Tue 22 Sep                                    | sick
            """,
            expects="""
                asked      | pupil | what            | value
                Mon 5 Oct  | Anna  | mazl_vo_spells  | 4 on Tue 22 Sep
                Mon 5 Oct  | Anna  | mazl_mbo_spells | 4 on Tue 22 Sep
                Mon 5 Oct  | Bo    | mazl_vo_spells  | none
                Mon 5 Oct  | Bo    | mazl_mbo_spells | none
                Mon 30 Nov | Anna  | mazl_vo_spells  | 4 on Tue 22 Sep
                Mon 7 Dec  | Anna  | mazl_vo_spells  | none
            """,
        ),
        Spec(
            "M@ZL, secondary: the seventh school day in a row",
            "From Monday 14 to Tuesday 22 September are seven school days. A holiday would not break the series.",
            pupils=_PUPILS,
            lessons=_FIVE_WEEKS,
            absences="""
                pupil | from       | to         | kind
                Anna  | Mon 14 Sep | Tue 22 Sep | sick
                Bo    | Mon 14 Sep | Mon 21 Sep | sick
            """,
            asked="Mon 5 Oct",
            expects="""
                pupil | what         | value
                Anna  | mazl_vo_run  | 7 on Tue 22 Sep
                Anna  | mazl_mbo_run | 7 on Tue 22 Sep
                Bo    | mazl_vo_run  | none
                Bo    | mazl_mbo_run | none
            """,
        ),
        Spec(
            "M@ZL, primary: four reports, or more than nine days, in the school year",
            "No window of weeks: a report in September still counts in December. Half-days count as days.",
            pupils=_PUPILS,
            lessons="""
                for | which       | minutes | from       | to
                2a  | lessons 1-2 | 150     | Mon 31 Aug | Fri 18 Dec
            """,
            absences="""
                pupil | from                             | to         | part     | kind
                Anna  | Mon 7 Sep                        | Fri 11 Sep |          | sick
                Anna  | Mon 2 Nov                        | Thu 5 Nov  |          | sick
                Anna  | Tue 8 Dec                        |            | lesson 2 | sick
                Bo    | Mon 7 Sep, Mon 12 Oct, Mon 2 Nov |            |          | sick
                Bo    | Tue 8 Dec                        |            |          | sick
            """,
            asked="Mon 14 Dec",
            expects="""
                pupil | what           | value
                Anna  | mazl_po_days   | 10 on Tue 8 Dec
                Anna  | mazl_po_spells | none
                Bo    | mazl_po_days   | none
                Bo    | mazl_po_spells | 4 on Tue 8 Dec
            """,
        ),
        Spec(
            "De Meierij: short spells, a long one, days spread over a month",
            "Three spells of one or two days in two months (Anna); more than ten school days in a row (Bo); more than four "
            "days spread over a month (Cem, five).",
            pupils="""
                pupil         | group | from
                Anna, Bo, Cem | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from                                                | to         | kind
                Anna  | Mon 7 Sep, Tue 8 Sep, Thu 24 Sep, Thu 8 Oct         |            | sick
                Bo    | Mon 5 Oct                                           | Mon 19 Oct | sick
                Cem   | Mon 28 Sep, Wed 30 Sep, Mon 5 Oct, Wed 7 Oct, Fri 9 Oct |            | sick
            """,
            expects="""
                pupil | what              | value            | because
                Anna  | meierij_vo_short  | 3 on Thu 8 Oct   |
                Anna  | meierij_vo_spread | none             |
                Bo    | meierij_vo_run    | 11 on Mon 19 Oct |
                Bo    | meierij_vo_short  | none             |
                Cem   | meierij_vo_spread | 5 on Fri 9 Oct   |
                Cem   | meierij_vo_run    | none             |
            """,
        ),
        Spec(
            "Amsterdam, primary: more than ten days in a row, more than three reports in two months",
            "Ten days and three reports are not enough; the eleventh and the fourth are.",
            pupils="""
                pupil             | group | from
                Anna, Bo, Cem, Dana | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil     | from                              | to         | kind
                Anna      | Mon 5 Oct                         | Mon 19 Oct | sick
                Bo        | Mon 5 Oct                         | Fri 16 Oct | sick
                Cem, Dana | Mon 7 Sep, Mon 21 Sep, Mon 5 Oct  |            | sick
                Cem       | Mon 19 Oct                        |            | sick
            """,
            expects="""
                pupil | what                | value
                Anna  | amsterdam_po_run    | 11 on Mon 19 Oct
                Bo    | amsterdam_po_run    | none
                Cem   | amsterdam_po_spells | 4 on Mon 19 Oct
                Dana  | amsterdam_po_spells | none
            """,
        ),
        Spec(
            "Late: three times in four weeks, more than six times in a month",
            "Local agreements of two primary schools.",
            pupils="""
                pupil         | group | from
                Anna, Bo, Cem | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from                                                                                | part     | kind
                Anna  | Mon 28 Sep, Mon 5 Oct, Mon 12 Oct                                                   | lesson 1 | late
                Bo    | Mon 28 Sep, Wed 30 Sep, Mon 5 Oct, Wed 7 Oct, Mon 12 Oct, Wed 14 Oct, Mon 19 Oct    | lesson 1 | late
                Cem   | Mon 21 Sep, Mon 28 Sep, Mon 5 Oct                                                   | lesson 1 | late
            """,
            expects="""
                pupil | what   | value           | because
                Anna  | late_a | 3 on Mon 12 Oct |
                Anna  | late_b | none            |
                Bo    | late_a | 7 on Mon 5 Oct  | the third of them
                Bo    | late_b | 7 on Mon 19 Oct |
                Cem   | late_a | none            | two in the last four lesson weeks; 21 September is before them
            """,
        ),
        Spec(
            "Five to ten per cent, more than ten, more than a quarter",
            "Five weeks are 7,500 minutes, so 750 is ten per cent. For whatever reason. Anna missed exactly ten; Bo one lesson "
            "more; Cem five; Dana thirty.",
            pupils="""
                pupil             | group | from
                Anna, Bo, Cem, Dana | 2a    | Mon 17 Aug
            """,
            lessons=_FIVE_WEEKS,
            absences="""
                pupil         | from       | to         | part        | kind
                Anna, Bo      | Mon 14 Sep | Tue 15 Sep |             | leave
                Anna          | Wed 16 Sep |            | lessons 1-3 | sick
                Bo            | Wed 16 Sep |            | lessons 1-4 | sick
                Cem           | Mon 14 Sep |            |             | truancy
                Cem           | Wed 16 Sep |            | 75 minutes  | leave
                Dana          | Mon 7 Sep  | Thu 10 Sep |             | sick
                Dana          | Mon 14 Sep | Wed 16 Sep |             | sick
                Dana          | Thu 17 Sep |            | lessons 1-3 | sick
            """,
            asked="Mon 5 Oct",
            expects="""
                pupil | what   | value                | because
                Anna  | tier_2 | 0.1 on Fri 2 Oct     | ten is not more than ten
                Anna  | tier_3 | none                 |
                Bo    | tier_3 | 0.1067 on Fri 2 Oct  | 800 / 7500
                Bo    | tier_2 | none                 |
                Cem   | tier_2 | none                 | five is not more than five
                Dana  | tier_3 | 0.3 on Fri 2 Oct     |
                Dana  | oso_25 | 0.3 on Fri 2 Oct     | over twelve months, of which five weeks are known
                Bo    | oso_25 | none                 |
            """,
        ),
    ),
)
