"""What a registration says: events, the school's own word, hours of any length."""

from spec.written import Spec, Theme

THEME = Theme(
    "What a registration says",
    "Schools differ in what they write down: a lesson, a half-day, minutes, or only that somebody was late. All of it becomes "
    "minutes of the timetable, or events beside it.",
    (
        Spec(
            "Late and sent out are events, and take no time",
            "Some schools book late as an hour missed. Here it is once late, whatever was booked; the minutes are kept apart "
            "from time missed.",
            trap=9,
            absences="""
                from       | part       | kind
                Mon 19 Oct | lesson 1   | late
                Tue 20 Oct | 10 minutes | late
                Wed 21 Oct | lesson 3   | removed_from_class
            """,
            expects="""
                what                         | value
                late_count_4w                | 2
                removed_count_12w            | 1
                absent_rate_4w               | 0
                unauthorised_rate_4w         | 0
                days_part_4w                 | 0
                late_minutes of Tue 20 Oct   | 10
                late_minutes of Mon 19 Oct   | 0
            """,
        ),
        Spec(
            "Who was ill all day was not late",
            "Noted as late in the first lesson, and reported sick for the day afterwards.",
            trap=9,
            absences="""
                from       | part     | kind
                Mon 19 Oct | lesson 1 | late
                Mon 19 Oct |          | sick
            """,
            expects="""
                what          | value
                late_count_4w | 0
                days_away_4w  | 1
            """,
        ),
        Spec(
            "Who came for one lesson, and late, was late",
            "Five of six lessons missed is a day away, but not the whole day: who came for the last one was late for it.",
            trap=9,
            absences="""
                from       | part        | kind
                Mon 19 Oct | lessons 1-5 | sick
                Mon 19 Oct | lesson 6    | late
            """,
            expects="""
                what          | value
                late_count_4w | 1
                days_away_4w  | 1
            """,
        ),
        Spec(
            "Late for a lesson that was missed as well is both",
            "The desk notes late for the first lesson, the teacher an empty chair. Which of the two is out of date cannot be "
            "told from here, so that neither is thrown away: the lesson was missed, and the pupil came in late. Nothing "
            "counts double, for late takes no time. The same where a report covers the lesson. Only of a whole day away "
            "does this not hold, see above: then there is no lesson to have come in for.",
            trap=9,
            absences="""
                from       | part        | kind        | how
                Mon 19 Oct | lesson 1    | late        | observation
                Mon 19 Oct | lesson 1    | unexplained | observation
                Tue 20 Oct | lessons 1-2 | sick        | report
                Tue 20 Oct | lesson 2    | late        | observation
            """,
            expects="""
                what                         | value      | because
                late_count_4w                | 2          |
                absent_rate_1w               | 150 / 1500 | lesson 1 on Monday, lessons 1 and 2 on Tuesday
                unexplained_rate_4w          | 50 / 6000  |
                late_minutes of Mon 19 Oct   | 0          |
            """,
        ),
        Spec(
            "Authorised is the school's own word",
            "Whether an absence is *geoorloofd* hangs on the school's own code. Its word goes first; without it, the kind "
            "counts as usual; a code that nobody mapped counts as not yet explained, and lowers the grade of the week.",
            trap=10,
            absences="""
                from       | part     | kind        | authorised
                Mon 19 Oct | lesson 1 | leave       |
                Mon 19 Oct | lesson 2 | leave       | no
                Mon 19 Oct | lesson 3 | truancy     |
                Mon 19 Oct | lesson 4 | truancy     | yes
                Mon 19 Oct | lesson 5 | unexplained |
            """,
            expects="""
                what                 | value      | because
                authorised_rate_4w   | 100 / 6000 | lessons 1 and 4
                unauthorised_rate_4w | 100 / 6000 | lessons 2 and 3
                unexplained_rate_4w  | 50 / 6000  | lesson 5
                absent_rate_4w       | 250 / 6000 |
            """,
        ),
        Spec(
            "An hour is as long as the timetable says",
            "A lesson is 40 minutes at one school and 80 at another; one importer takes half an hour for each. Two lessons "
            "missed are 80 of 1,400 minutes in 2a, and 160 of 1,600 in 2b.",
            trap=11,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 17 Aug
                Bo    | 2b    | Mon 17 Aug
            """,
            lessons="""
                for | which       | minutes | from       | to
                2a  | lessons 1-7 | 40      | Mon 31 Aug | Fri 23 Oct
                2b  | lessons 1-4 | 80      | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                pupil    | from       | part           | kind
                Anna, Bo | Mon 19 Oct | 2 lesson_slots | truancy
            """,
            expects="""
                pupil | what                 | value
                Anna  | absent_rate_1w       | 80 / 1400
                Bo    | absent_rate_1w       | 160 / 1600
                Anna  | unauthorised_rate_4w | 80 / 5600
                Bo    | unauthorised_rate_4w | 160 / 6400
            """,
        ),
        Spec(
            "Half-days, days, minutes and clock times come to the same",
            "Primary schools register half-days, others clock times or a total. All are laid on the day of six lessons of "
            "50 minutes that began at 08:30. No day holds more absence than lessons.",
            trap=11,
            pupils="""
                pupil                    | group | from
                Anna, Bo, Cem, Dana, Eva | 2a    | Mon 17 Aug
            """,
            absences="""
                pupil | from       | part        | kind
                Anna  | Mon 19 Oct | 1 half_days | leave
                Bo    | Mon 19 Oct | 0.5 days    | leave
                Cem   | Mon 19 Oct | 150 minutes | leave
                Dana  | Mon 19 Oct | 08:30-11:00 | leave
                Eva   | Mon 19 Oct | 600 minutes | leave
            """,
            expects="""
                pupil | what           | value
                Anna  | absent_rate_1w | 150 / 1500
                Bo    | absent_rate_1w | 150 / 1500
                Cem   | absent_rate_1w | 150 / 1500
                Dana  | absent_rate_1w | 150 / 1500
                Eva   | absent_rate_1w | 300 / 1500
            """,
        ),
        Spec(
            "Clock times that overlap count once",
            "Two reports of the same minutes, and one that lies partly in another, are one absence: each minute counts once, "
            "under the kind that explains most. Lesson 1 is from 08:30 to 09:20.",
            trap=5,
            absences="""
                from       | part        | kind
                Mon 19 Oct | 08:30-08:55 | sick
                Mon 19 Oct | 08:30-08:55 | sick
                Tue 20 Oct | 08:30-08:55 | truancy
                Tue 20 Oct | 08:40-09:00 | truancy
                Wed 21 Oct | 08:30-08:55 | sick
                Wed 21 Oct | 08:30-09:00 | truancy
                Thu 22 Oct | 08:30-08:40 | sick
                Thu 22 Oct | 09:00-09:10 | sick
            """,
            expects="""
                what                 | value       | because
                absent_rate_1w       | 105 / 1500  | 25, 30, 30 and 20 minutes
                sick_rate_4w         | 70 / 6000   | 25 on Monday, 25 on Wednesday, 20 on Thursday
                unauthorised_rate_4w | 35 / 6000   | 30 on Tuesday, and 5 on Wednesday
            """,
        ),
        Spec(
            "Ill for a part of a lesson that was missed",
            "Where one says that the whole lesson was missed and another that a part of it was illness, that part is illness and the "
            "rest is what the first one says; an exemption leaves the scheduled time in the same way.",
            trap=5,
            absences="""
                from       | part        | kind
                Mon 19 Oct | lesson 1    | truancy
                Mon 19 Oct | 08:30-08:55 | sick
                Tue 20 Oct | lesson 1    | truancy
                Tue 20 Oct | 08:30-08:55 | exemption
                Wed 21 Oct | lesson 1    | sick
                Wed 21 Oct | 08:30-08:55 | truancy
            """,
            expects="""
                what                 | value       | because
                absent_rate_1w       | 125 / 1475  | 50, 25 and 50 minutes; 25 need not have been attended
                sick_rate_4w         | 75 / 5975   | 25 on Monday, and all of Wednesday's lesson
                unauthorised_rate_4w | 50 / 5975   | 25 on Monday and 25 on Tuesday
            """,
        ),
        Spec(
            "An amount over days of which some are still to come",
            "600 minutes from Thursday to Tuesday are 150 a day. On the Monday between, two of the four days have been: what is still to "
            "come counts when it comes. Bo is enrolled from the Thursday on; of five days two are Bo's.",
            trap=6,
            pupils="""
                pupil | group | from
                Anna  | 2a    | Mon 17 Aug
                Bo    | 2a    | Thu 15 Oct
            """,
            lessons="""
                for | from       | to
                2a  | Mon 31 Aug | Fri 30 Oct
            """,
            absences="""
                pupil | from       | to         | kind  | part
                Anna  | Thu 22 Oct | Tue 27 Oct | leave | 600 minutes
                Bo    | Mon 12 Oct | Fri 16 Oct | leave | 600 minutes
            """,
            expects="""
                asked      | pupil | what           | value
                Mon 26 Oct | Anna  | absent_rate_1w | 300 / 1500
                Mon 2 Nov  | Anna  | absent_rate_2w | 600 / 3000
                Mon 26 Oct | Bo    | absent_rate_2w | 240 / 2100
            """,
        ),
        Spec(
            "Nobody is late on a day without lessons",
            "Anna has no lessons of her own on Tuesday: what stands in the books of that day counts nothing.",
            trap=9,
            changes="""
                for  | which    | from       | status
                Anna | lesson 1 | Tue 20 Oct | not_required
            """,
            absences="""
                from       | part     | kind
                Tue 20 Oct | lesson 3 | late
                Tue 20 Oct | lesson 5 | removed_from_class
                Wed 21 Oct | lesson 3 | late
            """,
            expects="""
                what              | value
                late_count_2w     | 1
                removed_count_12w | 0
            """,
        ),
        Spec(
            "On a day without lessons, hours that overlap count once as well",
            "The timetable says 300 minutes a day and no more. Lessons 1 and 2 are then its first 100 minutes, whoever says so "
            "and however often.",
            trap=5,
            lessons="""
                for | which   | minutes | from       | to
                2a  | all day | 300     | Mon 31 Aug | Fri 23 Oct
            """,
            absences="""
                from       | part        | kind    | how
                Mon 19 Oct | lessons 1-2 | sick    | report
                Mon 19 Oct | lesson 1    | truancy | observation
                Mon 19 Oct | lesson 2    | truancy | observation
                Tue 20 Oct | lessons 1-2 | sick    | report
                Tue 20 Oct | lessons 2-3 | sick    | report
                Wed 21 Oct | 09:00-10:00 | sick    | report
                Wed 21 Oct | 09:00-10:00 | sick    | report
            """,
            expects="""
                what                 | value      | because
                absent_rate_1w       | 310 / 1500 | 100, 150 and 60 minutes
                unauthorised_rate_4w | 0          |
            """,
        ),
        Spec(
            "From a lesson to the end of the day",
            "Who goes home in the third hour misses all that comes after, however many lessons the day has.",
            absences="""
                from       | part         | kind
                Mon 19 Oct | lessons 3-20 | sick
            """,
            expects="""
                what           | value
                absent_rate_1w | 200 / 1500
            """,
        ),
        Spec(
            "From four fifths of the day on a pupil was away that day",
            "Five of six lessons is a day away (83 %), four of six is a part of a day.",
            absences="""
                from       | part        | kind
                Mon 19 Oct | lessons 2-6 | sick
                Tue 20 Oct | lessons 3-6 | sick
            """,
            expects="""
                what         | value
                days_away_4w | 1
                days_part_4w | 1
            """,
        ),
    ),
)
