"""Names that nobody was given: common ones drawn at random, and the forms that break careless readers."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _names(
    """
    Aaliyah Aaron Abigail Adam Addison Adrian Aiden Aisha Alejandra Alex Alexander Alice Alina Amara Amelia Amir Ana
    Andre Andrew Angela Anna Anthony Aria Ariana Asher Ashley Aubrey Audrey Aurora Austin Ava Avery Ayaan Bella
    Benjamin Bianca Blake Brandon Brianna Brody Caleb Camila Cameron Carlos Caroline Carter Charles Charlotte Chloe
    Christian Claire Clara Cole Connor Cora Damian Daniel David Delilah Destiny Diego Dominic Dylan Eden Edward Elena
    Eli Eliana Elias Elijah Eliza Ella Ellie Emily Emma Eric Ethan Eva Evan Evelyn Ezra Faith Fatima Felix Finn Fiona
    Gabriel Gabriela Gavin Genesis George Gianna Grace Grayson Hailey Hana Hannah Harper Hazel Henry Hudson Hunter Ian
    Ibrahim Imani Iris Isaac Isabella Isaiah Ivan Ivy Jack Jackson Jada Jaden James Jamal Jasmine Jason Jaxon Jayden
    Jeremiah Jocelyn John Jonah Jordan Joseph Joshua Josiah Juan Julia Julian Kai Kaitlyn Kamila Kayla Keisha Kevin
    Khadija Kiara Kyle Laila Landon Lauren Layla Leah Leilani Leo Leonardo Levi Liam Lila Lily Lincoln Linh Logan Lucas
    Lucia Lucy Luis Luna Lydia Mackenzie Madison Malik Marcus Maria Mario Mason Mateo Matthew Maya Mei Melanie Mia
    Micah Michael Mila Miles Mohamed Morgan Muhammad Myla Naomi Natalia Nathan Nevaeh Nia Nicholas Nina Noah Nora
    Oliver Olivia Omar Oscar Owen Paige Parker Paul Peyton Piper Priya Quinn Rachel Raj Rebecca Reese Riley Robert
    Roman Rosa Ruby Ryan Sadie Salma Samantha Samuel Santiago Sara Sarah Savannah Sebastian Serenity Skylar Sofia
    Sophia Stella Talia Tariq Taylor Theo Thomas Trinity Tyler Valentina Vanessa Victor Victoria Violet Vivian Walter
    Wesley William Willow Wyatt Xavier Ximena Yara Yusuf Zachary Zainab Zara Zoe
    """
)

FAMILY = _names(
    """
    Abbott Adams Adeyemi Aguilar Ahmed Alexander Ali Allen Alvarez Anderson Andrews Armstrong Arnold Bailey Baker Banks
    Barnes Bell Bennett Berry Bishop Black Boyd Bradley Brooks Brown Bryant Burke Burns Butler Campbell Carpenter
    Carroll Carter Castillo Castro Chambers Chang Chavez Chen Cho Clark Coleman Collins Cook Cooper Cox Crawford Cruz
    Cunningham Daniels Davis Dean Delgado Diaz Dixon Douglas Duncan Dunn Edwards Elliott Ellis Evans Ferguson Fernandez
    Fields Fisher Fleming Fletcher Flores Ford Foster Fowler Fox Freeman Fuller Garcia Gardner Garrett Gibson Gomez
    Gonzalez Gordon Graham Grant Graves Gray Green Greene Griffin Guerrero Gupta Gutierrez Hall Hamilton Hansen Harper
    Harris Hart Harvey Hassan Hawkins Hayes Henderson Henry Hernandez Herrera Hicks Hill Hoang Holland Holmes Howard
    Hudson Hughes Hunt Hunter Hussein Ibrahim Jackson Jacobs James Jenkins Jensen Jimenez Johnson Jones Jordan Joseph
    Kaur Kelley Kelly Kennedy Khan Kim King Knight Kowalski Kumar Lawrence Lawson Le Lee Lewis Li Lin Little Lopez Luna
    Lynch Maldonado Marshall Martin Martinez Mason Matthews McCarthy McDonald Medina Mendoza Meyer Miller Mitchell
    Mohamed Montgomery Moore Morales Morgan Morris Morrison Murphy Murray Myers Nelson Newman Nguyen Nichols Novak
    Obrien Okafor Oliver Olson Ortega Ortiz Owens Palmer Park Parker Patel Patterson Payne Perez Perkins Perry Peters
    Peterson Pham Phillips Pierce Porter Powell Price Ramirez Ramos Ray Reed Reid Reyes Reynolds Rice Richards
    Richardson Riley Rivera Roberts Robertson Robinson Rodriguez Rogers Romero Rose Ross Ruiz Russell Ryan Salazar
    Sanchez Sanders
    Santiago Santos Schmidt Schneider Schultz Scott Shaw Silva Simmons Simpson Singh Smith Snyder Soto Spencer Stephens
    Stevens Stewart Stone Sullivan Tanaka Taylor Thomas Thompson Torres Tran Tucker Turner Valdez Vargas Vasquez Wagner
    Walker Wallace Walsh Wang Ward Warren Washington Watkins Watson Weaver Webb Weber Welch Wells West Wheeler White
    Williams Willis Wilson Wong Wood Woods Wright Wu Yamamoto Yang Young Zhang Zimmerman
    """
)

# A quote and a comma for the CSV, combining and right-to-left scripts for the encoding, one letter for length checks.
ODD_GIVEN = (
    "José",
    "Zoë",
    "Mary-Kate",
    "D'Andre",
    "Anne Marie",
    "Renée",
    "X",
    "Søren",
    "Алексей",
    "明美",
    "محمد",
    "Ελένη",
    "Kaʻiulani",  # noqa: RUF001 an okina, and below a curly apostrophe, are what people type
    'William "Bo"',
    "Nguyệt",
    "ไพลิน",
    "Bartholomew-Maximilian Alexander Ferdinand Montgomery",
    "True",
)

ODD_FAMILY = (
    "Null",
    "NA",
    "None",
    "O'Brien",
    "D’Angelo",  # noqa: RUF001
    "Smith-Jones",
    "Núñez",
    "Müller",
    "de la Cruz",
    "van der Berg",
    "St. James",
    "Ng",
    "O",
    "Nguyễn",
    "王",
    "Иванова",
    "Παπαδόπουλος",
    "الحسن",
    "Jones, Jr.",
    "MacGillivray",
    "Þórsdóttir",
    "1E5",
    "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley",
    "Nan",
)
