"""Write the PDF, Word, PowerPoint and Excel documents of the sample knowledge base.

The text documents in ``knowledge/`` are kept by hand. The binary ones are
generated here from the plain text below, so that a change can be reviewed as
text. Running the script again gives the same bytes: all dates in the files'
metadata and archives are fixed.

Usage::

    python scripts/make_knowledge_files.py [--target knowledge]

Needs python-docx, python-pptx, openpyxl and fpdf2.

The long texts use a small markup: ``# title``, ``## heading``, ``- item``,
``| cell | cell |`` for table rows (the first row is the header), ``---`` for a
page break, and plain paragraphs. A backslash at the end of a line joins it
with the next one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docx import Document
from fpdf import FPDF
from openpyxl import Workbook
from openpyxl.styles import Font
from pptx import Presentation
from pptx.util import Inches, Pt

FIXED_DATE = dt.datetime(2025, 6, 2, 9, 0, 0, tzinfo=dt.UTC)
ZIP_DATE = (2025, 6, 2, 9, 0, 0)
AUTHOR = "Halvorn Home"

Rows = Sequence[Sequence[object]]


# --------------------------------------------------------------------------
# Markup
# --------------------------------------------------------------------------


@dataclass
class Block:
    """One element of a text: a heading, paragraph, list item, table or page break."""

    kind: str
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)


def parse_blocks(source: str) -> Iterator[Block]:
    """Turn the small markup described in the module docstring into blocks."""
    table: list[list[str]] = []
    for raw_line in [*source.strip().splitlines(), ""]:
        line = raw_line.strip()
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if table:
            yield Block("table", rows=table)
            table = []
        if not line:
            continue
        if line == "---":
            yield Block("break")
        elif line.startswith("## "):
            yield Block("heading", line[3:])
        elif line.startswith("# "):
            yield Block("title", line[2:])
        elif line.startswith("- "):
            yield Block("item", line[2:])
        else:
            yield Block("paragraph", line)


# --------------------------------------------------------------------------
# Writers
# --------------------------------------------------------------------------


class ManualPdf(FPDF):  # type: ignore[misc]  # fpdf2 is untyped here
    """A PDF with a running head and page numbers."""

    def __init__(self, running_head: str) -> None:
        super().__init__(format=(148, 210))
        self.running_head = running_head
        self.set_auto_page_break(auto=True, margin=16)
        self.set_creation_date(FIXED_DATE)
        self.set_author(AUTHOR)
        self.set_title(running_head)

    def header(self) -> None:
        self.set_font("Helvetica", "I", 8)
        self.cell(0, 6, self.running_head, align="R", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("Helvetica", "", 8)
        self.cell(0, 6, f"Halvorn Home - page {self.page_no()}", align="C")


def _pdf_text(pdf: FPDF, text: str, style: str, size: int, height: float) -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.multi_cell(0, height, text, new_x="LMARGIN", new_y="NEXT")


def write_pdf(path: Path, running_head: str, source: str) -> None:
    """Write a PDF from the small markup."""
    pdf = ManualPdf(running_head)
    pdf.add_page()
    for block in parse_blocks(source):
        if block.kind == "break":
            pdf.add_page()
        elif block.kind == "title":
            _pdf_text(pdf, block.text, "B", 17, 9)
            pdf.ln(2)
        elif block.kind == "heading":
            pdf.ln(2)
            _pdf_text(pdf, block.text, "B", 12, 7)
        elif block.kind == "item":
            _pdf_text(pdf, f"-  {block.text}", "", 10, 5.2)
        elif block.kind == "table":
            pdf.set_font("Helvetica", "", 9)
            with pdf.table(text_align="LEFT", line_height=5) as table:
                for cells in block.rows:
                    table.row(cells)
            pdf.ln(2)
        else:
            _pdf_text(pdf, block.text, "", 10, 5.2)
            pdf.ln(1.5)
    pdf.output(str(path))


def write_docx(path: Path, title: str, source: str) -> None:
    """Write a Word document from the small markup."""
    document = Document()
    for block in parse_blocks(source):
        if block.kind == "title":
            document.add_heading(block.text, level=0)
        elif block.kind == "heading":
            document.add_heading(block.text, level=1)
        elif block.kind == "item":
            document.add_paragraph(block.text, style="List Bullet")
        elif block.kind == "table":
            table = document.add_table(rows=0, cols=len(block.rows[0]))
            table.style = "Table Grid"
            for cells in block.rows:
                for cell, text in zip(table.add_row().cells, cells, strict=True):
                    cell.text = text
        elif block.kind == "break":
            document.add_page_break()
        else:
            document.add_paragraph(block.text)
    _set_properties(document.core_properties, title)
    document.save(str(path))
    normalise_archive(path)


@dataclass(frozen=True)
class Slide:
    """A slide: its title, bullet points, an optional table and speaker notes."""

    title: str
    points: Sequence[str] = ()
    table: Rows = ()
    notes: str = ""


def write_pptx(path: Path, title: str, slides: Sequence[Slide]) -> None:
    """Write a presentation; the first slide becomes the title slide."""
    deck = Presentation()
    for number, slide in enumerate(slides):
        page = deck.slides.add_slide(deck.slide_layouts[0 if number == 0 else 1])
        page.shapes.title.text = slide.title
        body = page.placeholders[1].text_frame
        body.text = "\n".join(slide.points)
        if slide.table:
            _add_slide_table(page, slide.table, below=bool(slide.points))
        if slide.notes:
            page.notes_slide.notes_text_frame.text = slide.notes
    _set_properties(deck.core_properties, title)
    deck.save(str(path))
    normalise_archive(path)


def _add_slide_table(page: Any, rows: Rows, *, below: bool) -> None:
    top = Inches(4.3 if below else 1.8)
    shape = page.shapes.add_table(
        len(rows), len(rows[0]), Inches(0.6), top, Inches(8.8), Inches(0.4 * len(rows))
    )
    for row_number, row in enumerate(rows):
        for column, value in enumerate(row):
            cell = shape.table.cell(row_number, column)
            cell.text = str(value)
            cell.text_frame.paragraphs[0].font.size = Pt(14)


def write_xlsx(path: Path, title: str, sheets: dict[str, Rows]) -> None:
    """Write a workbook; the first row of each sheet is a bold header."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        for column in sheet.columns:
            width = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(width + 2, 60)
    book.properties.creator = AUTHOR
    book.properties.title = title
    book.properties.created = FIXED_DATE.replace(tzinfo=None)
    book.save(path)
    normalise_archive(path)


def _set_properties(properties: Any, title: str) -> None:
    properties.title = title
    properties.author = AUTHOR
    properties.last_modified_by = AUTHOR
    properties.revision = 1
    properties.created = FIXED_DATE.replace(tzinfo=None)
    properties.modified = FIXED_DATE.replace(tzinfo=None)


def normalise_archive(path: Path) -> None:
    """Give all members of an Office file the same date, so that builds are repeatable."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    stamp = FIXED_DATE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    pattern = rb"(<dcterms:modified[^>]*>)[^<]*"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            is_core = name == "docProps/core.xml"
            content = re.sub(pattern, rb"\g<1>" + stamp, data) if is_core else data
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


# --------------------------------------------------------------------------
# Content: PDF
# --------------------------------------------------------------------------

THERMOSTAT_T2_MANUAL = """
# Thermostat T2 - user manual
Part number TH-210. Manual M-TH210-EN, edition 5, March 2025.
This manual describes the installation and use of the Thermostat T2. Please read the chapter on \
safety before you begin. Keep the manual: the wiring tables are useful when the heating engineer \
comes.
## Contents
- 1 Safety
- 2 In the box and technical data
- 3 Wiring and mounting
- 4 First setup
- 5 Display and daily use
- 6 Schedules and modes
- 7 Heat pumps
- 8 Remote room sensors
- 9 Saving energy
- 10 Troubleshooting
- 11 Reset
- 12 Care, disposal and contact
---
## 1 Safety
The T2 is made for low voltage. Switch off the heating at the fuse before you take the old \
thermostat from the wall, and check with a tester that no wire carries mains voltage. Thick wires \
with wire nuts, or a label that says 120 V or 230 V, are signs of line voltage: stop and call an \
electrician.
Do not use the T2 to protect rooms in which a failure of the heating could hurt people, for example \
incubators or rooms for medical purposes. A smart thermostat is a comfort device and not a safety \
device.
Frost protection is always on. When the room falls below 5 degrees Celsius, the T2 calls for heat \
even if it is switched off in the app. Frost protection can be moved to between 4 and 8 degrees, \
but it cannot be turned off.
Small parts can be swallowed. Keep the mounting set away from children under 3 years.
## 2 In the box and technical data
The box holds the thermostat, the wall plate, a trim plate of 150 x 120 mm for covering old marks, \
four screws with anchors, wire labels and a quick guide. The adapter CW-21 for homes without a \
common wire is sold separately.
| Property | Value |
| Size | 98 x 98 x 22 mm |
| Weight | 168 g with wall plate |
| Supply | 24 V AC, or 5 V USB-C on the back for setup at a desk |
| Power use | 1.4 W, 2.1 W with the display at full brightness |
| Setting range | 4 to 35 degrees Celsius |
| Accuracy | +/- 0.2 degrees |
| Humidity | 20 to 80 percent, +/- 3 percent |
| Radio | Wi-Fi 2.4 GHz, Thread |
| Display | 3.2 inch colour touch screen |
| Storage temperature | -20 to 60 degrees Celsius |
The T2 needs a Hub 2 or Hub 2 Pro for automations and for remote sensors. Without a hub it still \
follows its schedules.
## 3 Wiring and mounting
Choose a place on an inside wall, about 1.5 metres above the floor, away from draughts, sunlight, \
lamps and televisions. A distance of at least 30 cm from the next outside corner is recommended.
Take a photo of the old wiring before you loosen a wire. Then attach the labels from the box to the wires.
| Terminal | Purpose | Usual colour |
| R | 24 V supply | red |
| C | common wire | blue or black |
| W1 | heating, first stage | white |
| W2 or AUX | heating, second stage or auxiliary heat | brown |
| Y1 | compressor | yellow |
| O/B | reversing valve of the heat pump | orange |
| G | fan | green |
| OT+ and OT- | OpenTherm, either polarity | any |
Without a wire on terminal C, fit the adapter CW-21 next to the furnace board. It uses the wires R, \
Y1, G and W1 and needs about 20 minutes of work. Systems that only heat and have two wires can run \
without an adapter if the furnace control delivers at least 200 mA; the app measures this during \
setup.
The wires should be stripped by 9 mm. Push each wire in until the lever snaps. Pull gently to check \
the hold. Press the thermostat onto the wall plate until it clicks, and only then switch the fuse \
on again.
The T2 starts within 25 seconds. If the display remains dark, see chapter 10.
---
## 4 First setup
Choose the language on the display. Then open the Halvorn app, press the plus sign and scan the \
code on the display. The code is valid for 15 minutes; touch the display to show a new one.
The T2 recognises the connected wires and shows them. Confirm the picture only if it matches your \
photo. Afterwards you answer four questions about your heating: fuel, type of emitters, whether \
there is a heat pump, and whether the building is well insulated.
During the test run the heating is switched on for 2 minutes and the fan for 1 minute. If the \
heating does not start, go back and check the wires.
The location of your home is needed for the weather and for sunrise. It is rounded to 1 kilometre \
before it is sent.
Learning phase: in the first 10 days the T2 learns how quickly your rooms warm up. In this time the \
rooms may reach the desired temperature too early or too late. Large changes of the schedule start \
the learning again.
## 5 Display and daily use
Touch the display to wake it up. The large number is the room temperature, and the small one is the \
target. Swipe up or down to change the target in steps of 0.5 degrees. A change by hand lasts until \
the next item of the schedule. Keep a finger on the number for 2 seconds to hold the temperature \
permanently; a padlock appears.
The display turns dark after 20 seconds. Under Settings > Display you can choose a clock, the \
outdoor temperature or nothing as the idle picture. The brightness follows the room light.
Lock: a four-digit PIN can protect the settings. Choose between locking everything and allowing \
changes of at most 2 degrees. After 5 wrong PINs the display is locked for 10 minutes. If you \
forget the PIN, remove it in the app.
---
## 6 Schedules and modes
Each day can hold up to 8 switching times. Schedules are created in the app and stored in the \
thermostat, so they also run without internet. Days can be copied.
| Mode | What it does |
| Schedule | follows your switching times |
| Away | lowers the target to 16 degrees until somebody comes home |
| Holiday | lowers the target to 12 degrees for up to 60 days, and warms up in time for your return |
| Boost | heats to 24 degrees for 30, 60 or 120 minutes |
| Off | only frost protection is active |
Away is set by hand or by the location of the phones in your household. If you use the location, \
Away begins when the last phone is more than 300 metres from home for 10 minutes.
Open window: when the temperature falls by 2 degrees within 5 minutes, the T2 stops heating for 30 \
minutes. If a door and window sensor DW-40 is assigned to the room, the heating stops 1 minute \
after the window was opened and goes on when it is closed.
Early start: the T2 starts heating before the switching time, so that the desired temperature is \
reached on time. The lead time is 3 hours at most.
Summer break: from an outdoor temperature of 19 degrees (average of the day) the heating remains \
off. The limit can be set between 15 and 25 degrees.
---
## 7 Heat pumps
The T2 supports air and ground heat pumps with one or two stages and with auxiliary heat. In the \
setup you choose whether the valve is energised for cooling (O) or for heating (B). If cooling and \
heating are the wrong way round, change this setting.
Compressor protection: after switching off, the compressor stays off for at least 5 minutes. This \
delay cannot be shortened. The display shows a small hourglass in the meantime.
Auxiliary heat: it is switched on when the target is missed by more than 1.5 degrees for 20 \
minutes. To save energy, you can forbid auxiliary heat above an outdoor temperature of your choice; \
the default is 5 degrees.
Emergency heat uses only the auxiliary heat. Use it when the heat pump is broken. A red symbol and \
a message each morning remind you that it is on.
Dual fuel: with a furnace in addition to the heat pump, choose the changeover point between -10 and \
10 degrees. Below this point only the furnace runs.
Defrosting: heat pumps blow cool air for several minutes while they defrost. This is normal and is \
not a fault of the thermostat.
## 8 Remote room sensors
Up to 6 room sensors RS-15 can be connected by way of the hub. Each measures temperature and \
presence. Choose in the app whether the T2 uses one sensor, the average of several, or the rooms in \
which somebody is present. The battery of an RS-15 (type CR2477) lasts around 3 years. The radio \
range to the hub is 20 metres.
A sensor which has not reported for 2 hours is left out of the average, and you receive a message. \
With a battery below 10 percent a symbol appears on the display.
---
## 9 Saving energy
One degree less saves about 6 percent of heating energy. The monthly report in the app compares \
your use with the same month of last year, corrected for the weather.
The leaf on the display appears when the target is at least 1 degree below your own average of the \
last 30 days. Collect leaves if you like; they have no other purpose.
Tariff control: with a variable electricity tariff the T2 can heat more in cheap hours. The room \
may become up to 1 degree warmer than the target. This function needs a Hub 2 and works at present \
with 14 suppliers in Germany and the Netherlands.
Filter reminder: for forced-air systems the T2 counts the running hours of the fan and reminds you \
after 90 days or 300 hours, whichever is first. You can change both figures.
Humidity: under Settings > Humidity you choose a limit above which you are warned. At 65 percent \
and more for several days there is a danger of mould. The T2 cannot control a humidifier.
---
## 10 Troubleshooting
| Problem | Likely cause | Remedy |
| Display is dark | no power on R and C | check the fuse of the furnace, usually 3 or 5 A |
| E-305 | no power on the C-wire | push the wire in again or fit the adapter CW-21 |
| E-311 | sensor out of range | remove heat sources; if the code stays, have it replaced |
| E-322 | boiler does not answer | check the OpenTherm cable; 50 metres at most |
| Wrong room temperature | heat from the wall | fill the cable hole with putty, then calibrate |
| Short cycles | oversized heating | choose "slow" under Settings > Cycle rate |
| Clicking every few minutes | loose wire on W1 | tighten the wire |
Calibration: Settings > Sensor > Offset. The offset can be set by up to 5 degrees in steps of 0.1. \
Wait for at least 1 hour after mounting before you calibrate, because hands and tools warm the \
housing.
Wi-Fi: the symbol with a stroke means that there is no connection. The thermostat goes on working \
with the stored schedule for as long as you like. When the connection was gone for more than 24 \
hours, the app shows a message.
Updates: the T2 installs updates between 2 and 4 in the night. The heating is not interrupted for \
more than 90 seconds.
Noise: a relay clicks softly when the heating starts. This is by design. If you are disturbed in a \
bedroom, choose "silent relay" in the settings; it is only possible with OpenTherm.
---
## 11 Reset
Restart: keep a finger on the lower edge of the display for 15 seconds and choose Restart. All \
settings remain.
Factory reset: touch the two lower corners of the display at the same time and hold them for 8 \
seconds. Confirm with Delete. The T2 is ready for a new setup after about 60 seconds.
The factory reset deletes Wi-Fi, schedules, learning data and the PIN. The wiring answers remain \
stored in the wall plate, so that they need not be entered again. Reports in the app are kept for \
13 months in your account.
Before you sell the thermostat, remove it from the app too. Otherwise the buyer cannot add it.
## 12 Care, disposal and contact
Clean the display with a soft dry cloth; switch on the cleaning mode first (Settings > Display > \
Clean), which locks the display for 30 seconds. Do not use alcohol or glass cleaner.
Do not throw the thermostat into household waste. Shops that sell electronics have to take it back. \
The wall plate contains no battery.
Help: United States help-us@halvorn.example, Europe help-eu@halvorn.example. Please have the serial \
number at hand. It begins with T2 and has 12 characters; you find it on the back and under Settings \
> About.
Declaration of conformity: www.halvorn.example/doc/th210.
"""

CAM_OUTDOOR_GUIDE = """
# Cam Outdoor 2 - quick guide
Part number CO-240. Guide G-CO240-EN, edition 2, April 2025.
## In the box
Camera, battery BT-240 (fitted), ball mount, four screws with anchors, drilling template, USB-C \
charging cable of 1 metre, warning sticker "Video recording".
## Before you mount it
Charge the battery fully. A complete charge takes 5 hours with a charger of at least 10 W. The LED \
beside the socket is orange while charging and goes out at 100 percent. Pair the camera indoors, \
close to the router, and mount it only afterwards.
Pairing: press SYNC for 3 seconds until the LED turns blue. Scan the code inside the battery lid \
with the app. If you lose the code, you find it again on the label of the box.
## Mounting
- Height 2.4 to 3 metres, tilted downwards by 15 degrees
- Away from the exhaust of heating systems and from air conditioners
- Not behind glass
- Drill holes of 6 mm for brick and 3 mm for wood
Tighten the ring of the ball mount by hand. To lock it against theft, use the hexagon screw (2.5 \
mm) on the underside.
---
## Technical data
| Property | Value |
| Resolution | 2K (2560 x 1440) at 20 frames per second |
| Field of view | 140 degrees |
| Night vision | colour up to 10 m with spotlight, infrared up to 15 m |
| Spotlight | 400 lumens, 4000 K |
| Siren | 90 dB |
| Protection | IP66 |
| Operating temperature | -20 to 50 degrees Celsius |
| Battery | BT-240, 10400 mAh, about 6 months at 12 events per day |
| Storage | microSD up to 256 GB or cloud |
| Wi-Fi | 2.4 GHz, WPA2 and WPA3 |
| Weight | 412 g with battery |
## Modes
Battery saver records clips of up to 20 seconds and waits 30 seconds between events. Standard \
records clips of up to 60 seconds and waits 5 seconds. Permanent power (with the cable CB-24 or the \
solar panel SP-24) adds 4 seconds of pre-recording before each event.
## Spotlight
The light goes on with motion after sunset, at 60 percent brightness and for 45 seconds. Both can \
be changed. In some towns lamps that shine on the street are not allowed; turn the light off or \
tilt it.
---
## LED signals
| LED | Meaning |
| blue, steady | ready for pairing |
| blue, pulsing | somebody watches live |
| yellow, blinking | no Wi-Fi |
| red, three times | too cold |
| red, steady | battery below 5 percent |
| green for 2 seconds | connected |
The LED for live view cannot be turned off. All others can be switched off in the app.
## Removing the battery
Push the lever on the underside towards the wall and pull the battery down. Never use force in \
frost. The camera keeps its settings for any length of time without a battery; the clock runs on \
for about 8 hours.
## Cleaning
Wipe the lens with a damp cloth of microfibre once a month. Never use a pressure washer. Check the \
seal of the battery lid once a year; a new seal comes with each BT-240.
## Privacy zones and the law
You can cover up to 6 areas of the picture with black privacy zones. What is covered is never \
recorded. Attach the warning sticker where visitors see it before they enter the picture.
"""

SENSORS_DATASHEET = """
# Sensors - data sheet
Leak sensor LS-50, door and window sensor DW-40, motion sensor MS-45. Edition January 2025.
All three sensors use Zigbee 3.0 and need a Hub 1, Hub 2 or Hub 2 Pro. They are paired by pulling \
out the battery strip within 5 metres of the hub. To reset a sensor, press its button 4 times \
within 3 seconds; the LED then blinks for 10 seconds.
## Overview
| Property | LS-50 | DW-40 | MS-45 |
| Battery | CR2450 | CR2032 | CR2450 |
| Battery life | 24 months | 18 months | 24 months |
| Size in mm | 60 x 60 x 18 | 42 x 24 x 9 | 55 x 55 x 38 |
| Weight | 48 g | 14 g | 62 g |
| Protection | IP67 | IP20 | IP42 |
| Temperature | 0 to 60 degrees C | -10 to 45 degrees C | -10 to 45 degrees C |
| Buzzer | 60 dB | none | none |
---
## Leak sensor LS-50
Lay it flat on the floor beside the washing machine, under the sink or next to the boiler. Three \
gold contacts on the underside report water from a depth of 0.5 mm. With the probe cable LC-50 you \
reach places which are too narrow for the sensor.
In case of water the buzzer sounds for 2 minutes, then 10 seconds in each minute until the contacts \
are dry. A press on the button silences it for 30 minutes. The hub repeats the notification every \
15 minutes.
The LS-50 also measures temperature and warns of frost below 4 degrees. Self-test: press the button \
for 2 seconds; two beeps mean that all is well.
Wet contacts corrode in salt water. After contact with salt water rinse the sensor with fresh water \
and dry it.
## Door and window sensor DW-40
Stick the larger part on the frame and the magnet on the moving part. In the closed state the gap \
must not be wider than 20 mm on wood and 12 mm on metal. The line on both parts must face each \
other.
The sensor reports opening within 0.3 seconds. If a window stays open for longer than 10 minutes, \
it can send a reminder; the time can be set between 1 and 120 minutes.
Vibration alarm: switch it on in the app to be warned of blows against the window. It shortens the \
battery life to about 12 months.
---
## Motion sensor MS-45
Range 7 metres, angle 120 degrees, best height 2.1 metres. The sensor sees differences of heat; it \
does not work through glass. With the pet setting it ignores animals of up to 20 kg, provided they \
do not jump onto furniture within 1.5 metres of the sensor.
After a detection the MS-45 pauses for 60 seconds to save the battery. In the test mode, which \
lasts 5 minutes after the battery was inserted, the pause is only 5 seconds.
The light sensor measures 1 to 2000 lux, so that lamps are switched on only in the dark. The values \
are sent every 10 minutes.
## Radio range
In the open the sensors reach 80 metres, in houses 20 to 30 metres. Concrete ceilings with steel \
halve the range. One smart plug PL-30 for every two rooms is a good rule.
## Approvals
CE, UKCA and FCC. The declaration is at www.halvorn.example/doc/sensors. The sensors contain button \
cells: keep them out of reach of children. If a cell was swallowed, call the emergency number at \
once.
"""

RESELLER_HANDBOOK = """
# Reseller handbook Europe
For authorised resellers, edition 2025/1, valid from 1 January 2025. Contact: resellers@halvorn.example.
## 1 Becoming a reseller
Apply with an extract from the trade register and two references. We decide within 15 working days. \
The first order must be worth at least EUR 1,500 net; there is no minimum for later orders, but a \
small-order fee of EUR 12 applies below EUR 250.
Authorised resellers may use the sign "Halvorn Partner" in shops and on web pages. Sale on auction \
sites is not allowed.
## 2 Discounts on the list price
| Yearly turnover (net) | Level | Discount |
| up to EUR 20,000 | Bronze | 22 percent |
| EUR 20,001 to 75,000 | Silver | 27 percent |
| over EUR 75,000 | Gold | 31 percent |
Refurbished devices and spare parts carry a flat discount of 12 percent at all levels. The level is \
reviewed every July.
---
## 3 Ordering and delivery
Orders sent to the portal partner.halvorn.example before 11:00 are shipped on the same working day. \
Delivery to zone 1 takes 2 working days, to zone 2 about 4. Deliveries from EUR 600 net are free; \
otherwise EUR 14 is charged per parcel and EUR 79 per pallet. A pallet holds 96 Hub 2 or 180 Cam \
Indoor.
## 4 Payment
New resellers pay in advance for the first 3 orders. After that the term is 30 days, or 2 percent \
discount for payment within 10 days. With payments overdue for more than 21 days deliveries stop.
## 5 Devices that are faulty on arrival
A device that fails within 21 days of the sale to the end customer counts as dead on arrival. Give \
the customer a new device from your stock and report it in the portal; the credit note follows \
within 5 working days. Later faults are handled by Halvorn directly under the warranty, so please \
send the customer to warranty@halvorn.example.
---
## 6 Stock rotation
Twice a year, in March and September, resellers may return up to 8 percent of the purchases of the \
last 6 months, unopened and at their own shipping cost. Models which were discontinued are taken \
back within 90 days of the announcement.
## 7 Demonstration units
Each shop can order one unit of each model every year at 40 percent off. Demonstration units must \
be shown for at least 9 months and carry a blue label on the back. They have a warranty of 12 \
months.
## 8 Advertising
Pictures and texts are in the portal. We pay half of the cost of agreed advertising, up to 3 \
percent of the turnover of the previous year. Applications are made at least 4 weeks ahead.
## 9 Training
Online training takes place on the second Thursday of each month at 9:30 and lasts 75 minutes. At \
least one person in each shop must pass the test once a year; 16 of 20 answers must be right.
## 10 End of the contract
Either side can end the contract with 3 months' notice to the end of a quarter. Unsold goods less \
than 12 months old are bought back at the invoice price less 10 percent.
"""

# --------------------------------------------------------------------------
# Content: Word
# --------------------------------------------------------------------------

DOORBELL_1_INSTALLATION = """
# Doorbell 1 (DB-130): installation guide
Edition 4, August 2024. For the wired video doorbell of the first generation. The Doorbell 2 has \
its own guide; several figures differ.
## Requirements
The Doorbell 1 has no battery. It needs the wires of an existing doorbell with a transformer of 12 \
to 24 V AC and at least 10 VA. It works with Wi-Fi on 2.4 GHz and does not need a hub.
## Technical data
| Property | Doorbell 1 (DB-130) |
| Resolution | 1080p |
| Field of view | 130 degrees horizontally |
| Protection | IP54 |
| Operating temperature | -10 to 40 °C |
| Supply | 12 to 24 V AC |
| Size | 118 x 46 x 24 mm |
| Works with chime | mechanical, CH-10 |
## Mounting
- Switch off the fuse of the doorbell.
- Take off the old button and label the two wires.
- Hold the plate at a height of 110 cm, measured to the lens, and mark two holes.
- Drill with 5 mm for brick, or screw directly into wood.
- Connect the two wires to the screws on the back. The polarity does not matter.
- Hang the doorbell in from above and turn in the safety screw (Torx T10) from below.
- Fit the power kit PK-13 to the chime.
## Setup
Switch the fuse on. After 40 seconds the ring turns white. Add the doorbell in the app and scan the \
code in the quick guide or on the back of the doorbell. Visitors hear a greeting in the language of \
your choice; 6 ready-made sentences are included.
## Reset
Hold the button on the back for 12 seconds until the ring turns red. The doorbell must be taken off \
the wall for this, but has to stay connected to the wires.
## Known limits
The Doorbell 1 does not recognise parcels. Live view ends after 10 minutes. In direct rain from the \
front the microphone may become dull; it recovers when it is dry.
"""

DOORBELL_2_INSTALLATION = """
# Doorbell 2 (DB-230): installation guide
Edition 3, March 2025. For the video doorbell of the second generation, which runs on a battery or on wires.
## Requirements
For wired use the Doorbell 2 needs a transformer of 16 to 24 V AC and at least 16 VA. With less, \
use the battery alone. A Hub 2 or Hub 2 Pro is required for notifications on the hub and for \
end-to-end encryption; it does not work with Hub 1.
## Technical data
| Property | Doorbell 2 (DB-230) |
| Resolution | 1536 x 1536, head to toe |
| Field of view | 150 degrees horizontally and vertically |
| Protection | IP65 |
| Operating temperature | -20 to 48 °C |
| Supply | battery BT-230 or 16 to 24 V AC |
| Battery life | about 4 months at 8 events per day |
| Size | 128 x 48 x 31 mm |
| Works with chime | mechanical, digital, CH-10 |
## Charging the battery
Take off the lower cover with the enclosed pin, press the latch and pull the battery out. Charging \
takes 4.5 hours with the USB-C cable. On wires the battery is kept at 85 percent to protect it. \
Check the lot number of your battery on the safety notice page before you charge it for the first \
time.
## Mounting
- Switch off the fuse of the doorbell if you use the wires.
- Hold the plate at a height of 120 cm, measured to the lens, and mark two holes. With the angled \
plate MP-23 the camera looks 15 degrees to the side.
- Drill with 6 mm for brick, or screw directly into wood.
- Connect the two wires, if there are any, to the screws on the back. The polarity does not matter.
- Push the doorbell onto the plate until it clicks.
- With a wired chime fit the power kit PK-13.
## Setup
Press the button. The ring turns white after 15 seconds. Add the doorbell in the app and scan the \
code in the battery compartment. Visitors hear a greeting; 9 ready-made sentences are included and \
you can record 3 of your own.
## Reset
Hold the button in the battery compartment for 20 seconds until the ring turns red. Paired chimes \
have to be paired again.
## Parcel detection
With a paid plan the Doorbell 2 reports parcels which lie in front of the door. Mark the parcel \
zone in the app; it must be between 0.5 and 2 metres from the door. A reminder follows after 30 \
minutes if the parcel was not collected.
"""

BUSINESS_CUSTOMERS = """
# Business customers: ordering and invoices
Information sheet for companies, schools and landlords. Valid from 1 February 2025.
## Opening a business account
Register at www.halvorn.example/business with the name of the company and the VAT number (Europe) \
or EIN (United States). The check takes 2 business days. Several people can order under one \
account, each with a spending limit of their own.
## Discounts and terms
| Order | Discount | Payment |
| up to 9 devices of a model | none | card or in advance |
| 10 to 49 devices of a model | 8 % | card, in advance, or invoice |
| from 50 devices of a model | 15 % | invoice, personal account manager |
Orders on invoice are possible from €2,000 or $2,000 after a credit check, which takes 3 business \
days. The term is 30 days net. For late payment we charge interest of 0.8 % per month.
## Invoices
Invoices come as PDF by e-mail on the day of shipping. Electronic invoices in the formats XRechnung \
and Peppol are available for Europe on request. A purchase order number is printed if you enter it \
at checkout; it cannot be added later. Corrected invoices are issued within 60 days.
## Tax
Companies in the EU outside the Netherlands with a valid VAT number buy without VAT (reverse \
charge). Tax-exempt organisations in the United States send their certificate to \
business@halvorn.example before ordering; it stays on file for 3 years.
## Halvorn Fleet
With Fleet you manage many addresses on one page. It costs $2.50 or €2.50 per device and month with \
a minimum of 20 devices. It includes roles, an activity log for 12 months and an interface for \
property software. The contract runs for 12 months.
## Returns by companies
Business customers may return unopened devices within 20 days of delivery. Opened devices are taken \
back only when they are faulty. The longer periods for consumers do not apply.
## Contact
business@halvorn.example, Monday to Friday 8:30 to 17:30 CET or 9 a.m. to 5 p.m. Pacific time. \
Quotations are answered within 2 business days and are valid for 30 days.
"""

LOCK_L1_MANUAL = """
# 智能门锁 L1（LK-60）使用说明书
版本 2.1，2025 年 4 月。本产品仅在中国大陆销售并提供上门安装。
## 适用门型
适用于厚度 40 至 110 毫米的木门、金属门和铜门。不适用于玻璃门、推拉门以及带天地钩且无法拆除的门。门\
框与门扇的间隙应为 3 至 5 毫米。
## 规格
| 项目 | 参数 |
| 指纹容量 | 100 枚 |
| 密码容量 | 50 组 |
| 门卡容量 | 50 张，随附 2 张 |
| 锁芯 | C 级 |
| 机械钥匙 | 2 把，装在密封袋内 |
| 供电 | 8 节 5 号碱性电池 |
| 续航 | 约 10 个月（每天开锁 15 次） |
| 工作温度 | -25 至 65 °C |
| 颜色 | 曜石黑、香槟铜 |
## 安装
购买价格含一次免费上门安装，需要更换锁体或开孔的，师傅会事先报价。安装约需 50 分钟。请勿自行安装，否\
则不享受保修。
## 首次使用
出厂管理密码为 6 个 8，首次设置时必须修改。新密码为 6 至 10 位数字，不能是连续数字。随后在应用中添加\
门锁，需要中枢 2 或中枢 2 Pro，中枢与门锁的距离不超过 10 米。
## 临时密码
可在应用中生成临时密码，有效时间最短 10 分钟，最长 30 天。一次性密码使用后立即失效。
## 虚位密码
输入密码时可在前后加入任意数字，只要其中包含正确密码即可开锁，总长度不超过 20 位。
## 安全提醒
连续输错 5 次密码，键盘锁定 3 分钟并向手机发送提醒。门未关好超过 60 秒会发出提示音。有人撬动面板时，\
85 分贝报警音持续 2 分钟。
## 更换电池
电量低于 10% 时请一次更换全部 8 节电池，不要新旧混用，不要使用充电电池。没电时可用 9 V 方形电池触碰\
面板下方触点临时供电。
## 恢复出厂设置
打开室内侧电池盖，用卡针按住复位孔 10 秒，听到“已恢复出厂设置”后松开。所有指纹、密码和门卡都会被删除。
## 保养
面板用干布擦拭，不要使用酒精。锁芯不要加润滑油，可使用铅笔芯粉末。每年检查一次螺丝是否松动。
"""

# --------------------------------------------------------------------------
# Content: PowerPoint
# --------------------------------------------------------------------------

SPRING_LINEUP = [
    Slide("Spring line-up 2025", ["Training for shops and resellers", "Version of 14 April 2025"]),
    Slide(
        "What is new",
        [
            "Cam Outdoor 2 (CO-240): in shops from 22 April 2025",
            "Hub 2 Pro in graphite: from 2 June 2025, so far only in chalk",
            "Thermostat T2 in the colour sand: from 19 May 2025",
            "Solar panel SP-24: now with a cable of 3 metres",
        ],
        notes="Do not promise dates to customers before the goods have arrived in the shop.",
    ),
    Slide(
        "Cam Outdoor 2 against the first Cam Outdoor",
        table=[
            ["", "Cam Outdoor (CO-140)", "Cam Outdoor 2 (CO-240)"],
            ["Resolution", "1080p", "2K"],
            ["Field of view", "120 degrees", "140 degrees"],
            ["Spotlight", "none", "400 lumens"],
            ["Battery life", "4 months", "6 months"],
            ["Protection", "IP55", "IP66"],
            ["Last day of sale", "31 March 2025", "-"],
        ],
        notes="Owners of the first Cam Outdoor keep getting security updates until 31 March 2030.",
    ),
    Slide(
        "Colours and stock codes",
        table=[
            ["Model", "Colours", "Stock code"],
            ["Hub 2", "chalk, graphite", "HB200-CHK, HB200-GRA"],
            ["Hub 2 Pro", "chalk, graphite", "HB220-CHK, HB220-GRA"],
            ["Thermostat T2", "white, black, sand", "TH210-WHT, TH210-BLK, TH210-SND"],
            ["Doorbell 2", "black, silver", "DB230-BLK, DB230-SLV"],
        ],
    ),
    Slide(
        "Launch offers",
        [
            "Cam Outdoor 2 with solar panel SP-24: 10 percent off the set until 31 May 2025",
            "Two Cam Outdoor 2: 20 percent off the second one, same period",
            "Trade show visitors: code sent by e-mail, valid for 14 days",
        ],
        notes="Launch offers cannot be combined with each other.",
    ),
    Slide(
        "Questions that customers ask",
        [
            "Does the Cam Outdoor 2 fit the old mount? Yes, the ball mount has not changed.",
            "Does the old battery BT-140 fit? No, only BT-240.",
            "Can it record without a plan? Yes, on a microSD card.",
            "Does the sand T2 cost more? Yes, 10 dollars or euros more.",
        ],
    ),
    Slide(
        "How to demonstrate the products",
        [
            "Let the customer press the doorbell: the picture on the tablet says more than words",
            "Show the app in demo mode: Sign in > Demo home, PIN 4711",
            "Ask how many rooms and which heating before you recommend a thermostat",
            "Mention the return period of your region only",
        ],
    ),
]

SUPPORT_TRIAGE = [
    Slide("Support triage", ["How we sort, answer and pass on requests", "Edition May 2025, internal"]),
    Slide(
        "Priorities and response times",
        table=[
            ["Priority", "Example", "First answer", "Solution target"],
            ["P1", "hot battery, smoke, stalking", "15 minutes", "same day"],
            ["P2", "hub offline, no heating in winter", "2 hours", "1 business day"],
            ["P3", "one device does not work", "8 hours", "3 business days"],
            ["P4", "question, wish, praise", "1 business day", "5 business days"],
        ],
        notes="The clock for P1 also runs at night and on holidays.",
    ),
    Slide(
        "When to hand over to level 2",
        [
            "The same fault after a factory reset",
            "Error E-311 or E-902 for longer than 24 hours",
            "Three contacts about the same matter within 14 days",
            "Always with the diagnostics report and the serial number",
        ],
        notes="Level 2 works Monday to Friday 7:00 to 19:00 CET.",
    ),
    Slide(
        "Goodwill",
        [
            "Agents: up to $25 or €25 per case without asking",
            "Team leaders: up to $120 or €120",
            "Anything above: head of customer care, answer within 2 business days",
            "Only one goodwill gesture per customer within 6 months",
        ],
    ),
    Slide(
        "Checking who is calling",
        [
            "Ask for the e-mail address and the postcode of the last order",
            "Never ask for a password, recovery code or full card number",
            "After two wrong answers: send a code to the stored e-mail address",
            "No information about a household to former members",
        ],
    ),
    Slide(
        "Tone",
        [
            "First the solution, then the explanation",
            "Name the next step and the date",
            "Do not blame the customer, the carrier or the router",
            "Close a chat only after 10 minutes without an answer",
        ],
    ),
    Slide(
        "Devices under observation",
        table=[
            ["Device", "Symptom", "What to do"],
            ["BT-230, recalled lots", "swelling", "see safety notice, P1"],
            ["HB-220 before 2.9.2", "charge shows 92 %", "update, no exchange"],
            ["MS-45 made in week 11/2025", "false alarms at night", "exchange without return"],
            ["CH-10", "crackling", "pair again, then exchange"],
        ],
    ),
]

STORE_TRAINING_ZH = [
    Slide("门店新品培训", ["哈沃恩智家 2025 年第二季度", "内部资料，请勿外传"]),
    Slide(
        "本季重点",
        [
            "空气检测仪 A1：2025 年 4 月 10 日上市",
            "智能门锁 L1 新颜色香槟铜：2025 年 5 月 6 日到店",
            "以旧换新：6 月 1 日开始，详见活动规则",
            "会员日：每月 18 日，积分双倍",
        ],
        notes="会员日的双倍积分不适用于门锁安装服务。",
    ),
    Slide(
        "门锁 L1 上门前要问的五个问题",
        [
            "门有多厚？（40 至 110 毫米）",
            "是木门、金属门还是铜门？",
            "开门方向是左开还是右开，内开还是外开？",
            "现有锁体导向片的长和宽？",
            "家里有没有中枢 2？",
        ],
    ),
    Slide(
        "门店服务标准",
        table=[
            ["项目", "标准"],
            ["接待", "顾客进店 30 秒内问候"],
            ["样机检查", "每天开门前和 15:00 各一次"],
            ["维修取件", "通知后保留 15 天"],
            ["投诉", "当天回复，3 天内给出方案"],
        ],
    ),
    Slide(
        "赠品与积分",
        [
            "门锁 L1 赠送门卡 3 张（随机附带的 2 张除外）",
            "A1 赠送滤网一对",
            "消费 1 元积 1 分，100 分抵 1 元，积分有效期 24 个月",
            "单笔订单积分最多抵扣 30%",
        ],
        notes="赠品送完即止，不可折现。",
    ),
    Slide(
        "常见异议",
        [
            "“指纹会不会被上传？”——不会，只存在锁内芯片。",
            "“老人手指干怎么办？”——可用门卡，或录入同一手指 3 次。",
            "“甲醛数值准吗？”——仅供参考，不能代替检测报告。",
        ],
    ),
    Slide(
        "门店保价",
        ["购买后 15 天内官方商城降价，可退差价", "凭小票或订单号办理，每单一次", "官翻机和秒杀商品除外"],
    ),
]

# --------------------------------------------------------------------------
# Content: Excel
# --------------------------------------------------------------------------

PRICE_LIST: dict[str, Rows] = {
    "Devices": [
        ["Part number", "Product", "Price US (USD)", "Price EU (EUR)", "Remark"],
        ["HB-200", "Hub 2", 129, 139, ""],
        ["HB-220", "Hub 2 Pro", 199, 209, "LTE fallback is charged extra"],
        ["TH-110", "Thermostat T1", 119, 129, ""],
        ["TH-210", "Thermostat T2", 179, 189, "colour sand + 10"],
        ["CI-120", "Cam Indoor", 59, 65, ""],
        ["CO-240", "Cam Outdoor 2", 149, 159, ""],
        ["DB-130", "Doorbell 1", 99, 109, "while stocks last"],
        ["DB-230", "Doorbell 2", 169, 179, ""],
        ["LS-50", "Leak sensor", 29, 32, ""],
        ["DW-40", "Door and window sensor", 19, 22, ""],
        ["MS-45", "Motion sensor", 25, 28, ""],
        ["PL-30", "Smart plug", 22, 24, ""],
        ["KT-01", "Starter Kit", 169, 179, "Hub 2, 2 x DW-40, 1 x MS-45"],
    ],
    "Refurbished": [
        ["Part number", "Product", "Price US (USD)", "Price EU (EUR)", "Grade"],
        ["HB-100-R", "Hub 1 refurbished", 45, 49, "B"],
        ["HB-200-R", "Hub 2 refurbished", 95, 102, "A"],
        ["CI-120-R", "Cam Indoor refurbished", 39, 43, "A"],
        ["DB-130-R", "Doorbell 1 refurbished", 65, 69, "B"],
    ],
    "Installation": [
        ["Service", "Price US (USD)", "Price EU (EUR)", "Offered in", "Duration"],
        ["Thermostat T1 or T2", 99, 119, "US; Netherlands, Belgium, Germany", "90 minutes"],
        ["Doorbell, wired", 129, 139, "US; Netherlands, Belgium, Germany", "60 minutes"],
        ["Cam Outdoor 2, one camera", 89, 99, "US; Netherlands", "45 minutes"],
        ["Each further camera", 49, 55, "US; Netherlands", "30 minutes"],
        ["Missed appointment", 35, 35, "everywhere", ""],
    ],
    "Information": [
        ["Topic", "Text"],
        ["Valid from", "2025-04-22"],
        ["Tax", "Prices EU include VAT, prices US are without sales tax"],
        ["Next review", "2025-10-01"],
        ["Contact", "pricing@halvorn.example"],
    ],
}

DEVICE_SPECS: dict[str, Rows] = {
    "Hubs": [
        ["Property", "Hub 1 (HB-100)", "Hub 2 (HB-200)", "Hub 2 Pro (HB-220)"],
        ["Max. devices", 32, 64, 128],
        ["Automations", 25, 100, 250],
        ["Processor", "1 core, 580 MHz", "2 cores, 1.2 GHz", "4 cores, 1.5 GHz"],
        ["Memory", "128 MB", "512 MB", "1 GB"],
        ["Ethernet ports", 1, 1, 2],
        ["Bluetooth", "4.2", "5.2", "5.3"],
        ["Average power use", "2.2 W", "3.1 W", "4.6 W"],
        ["Weight", "205 g", "240 g", "410 g"],
        ["Launch", "May 2020", "October 2023", "March 2024"],
    ],
    "Cameras": [
        ["Property", "CI-120", "CO-240", "DB-130", "DB-230"],
        ["Resolution", "1080p", "2K", "1080p", "1536 x 1536"],
        ["Frames per second", 25, 20, 15, 20],
        ["Field of view", "110°", "140°", "130°", "150°"],
        ["Digital zoom", "4x", "8x", "none", "6x"],
        ["Protection", "none", "IP66", "IP54", "IP65"],
        ["Microphones", 1, 2, 1, 3],
        ["Upload needed", "2 Mbit/s", "4 Mbit/s", "2 Mbit/s", "3 Mbit/s"],
        ["Launch", "June 2021", "April 2025", "February 2021", "May 2024"],
    ],
    "Climate": [
        ["Property", "T1 (TH-110)", "T2 (TH-210)", "Room sensor RS-15"],
        ["Setting range", "5 to 30 °C", "4 to 35 °C", "-"],
        ["Accuracy", "± 0.5 °C", "± 0.2 °C", "± 0.3 °C"],
        ["Weight", "142 g", "168 g", "31 g"],
        ["Max. switching current", "1 A", "1.5 A", "-"],
        ["Battery", "none", "none", "CR2477"],
        ["Launch", "September 2020", "September 2023", "November 2023"],
    ],
    "Radio": [
        ["Device", "Wi-Fi", "Zigbee", "Thread", "Bluetooth", "Max. transmitting power"],
        ["HB-200", "2.4 and 5 GHz", "yes", "yes", "yes", "19 dBm"],
        ["HB-220", "2.4 and 5 GHz", "yes", "yes", "yes", "20 dBm"],
        ["TH-210", "2.4 GHz", "no", "yes", "yes", "17 dBm"],
        ["CO-240", "2.4 GHz", "no", "no", "yes", "18 dBm"],
        ["DB-230", "2.4 GHz", "no", "no", "yes", "18 dBm"],
        ["LS-50", "no", "yes", "no", "no", "8 dBm"],
        ["PL-30", "no", "yes", "no", "no", "10 dBm"],
    ],
}

PRICE_LIST_ZH: dict[str, Rows] = {
    "设备": [
        ["型号", "产品", "零售价（元）", "备注"],
        ["HB-200", "中枢 2", 899, ""],
        ["HB-220", "中枢 2 Pro", 1399, "国内版不含 LTE 备份"],
        ["TH-210", "温控器 T2", 1199, "仅限集中供暖以外的系统"],
        ["CI-120", "室内摄像头", 399, ""],
        ["CO-240", "室外摄像头 2", 999, ""],
        ["DB-230", "门铃 2", 1099, "仅电池供电"],
        ["LS-50", "水浸传感器", 199, ""],
        ["DW-40", "门窗传感器", 129, ""],
        ["MS-45", "人体传感器", 169, ""],
        ["PL-30-CN", "智能插座", 149, ""],
        ["LK-60", "智能门锁 L1", 1899, "含一次上门安装"],
        ["AQ-70", "空气检测仪 A1", 599, ""],
    ],
    "配件": [
        ["型号", "名称", "价格（元）", "适用"],
        ["FL-70", "滤网一对", 19, "AQ-70"],
        ["KC-60", "门卡（5 张）", 45, "LK-60"],
        ["BT-230", "门铃电池", 219, "DB-230"],
        ["BT-240", "摄像头电池", 289, "CO-240"],
        ["SP-24", "太阳能板", 369, "CO-240"],
        ["PS-205", "电源 5 V 2 A", 79, "HB-200"],
    ],
    "服务": [
        ["项目", "价格（元）", "说明"],
        ["门锁改孔", 120, "木门；金属门 180 元"],
        ["门锁移机", 150, "拆装一次，同城"],
        ["温控器安装", 260, "杭州、上海、北京"],
        ["全屋调试", 399, "20 个设备以内，每增加 1 个加 15 元"],
    ],
}


# --------------------------------------------------------------------------
# Main
# --------------------------------------------------------------------------


def write_all(target: Path) -> None:
    """Write all binary documents below ``target``."""
    for folder in ("products", "policies", "shipping", "billing", "troubleshooting", "zh"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    pdfs = {
        "products/thermostat-t2-manual.pdf": ("Thermostat T2 manual", THERMOSTAT_T2_MANUAL),
        "products/cam-outdoor-2-guide.pdf": ("Cam Outdoor 2 quick guide", CAM_OUTDOOR_GUIDE),
        "products/sensors-datasheet.pdf": ("Sensors data sheet", SENSORS_DATASHEET),
        "shipping/reseller-handbook.pdf": ("Reseller handbook Europe 2025/1", RESELLER_HANDBOOK),
    }
    for name, (title, source) in pdfs.items():
        write_pdf(target / name, title, source)
    documents = {
        "products/doorbell-1-installation.docx": ("Doorbell 1 guide", DOORBELL_1_INSTALLATION),
        "products/doorbell-2-installation.docx": ("Doorbell 2 guide", DOORBELL_2_INSTALLATION),
        "billing/business-customers.docx": ("Business customers", BUSINESS_CUSTOMERS),
        "zh/智能门锁L1说明书.docx": ("智能门锁 L1 使用说明书", LOCK_L1_MANUAL),
    }
    for name, (title, source) in documents.items():
        write_docx(target / name, title, source)
    write_pptx(target / "products/spring-2025-lineup.pptx", "Spring line-up", SPRING_LINEUP)
    write_pptx(target / "troubleshooting/support-triage.pptx", "Support triage", SUPPORT_TRIAGE)
    write_pptx(target / "zh/门店培训.pptx", "门店新品培训", STORE_TRAINING_ZH)
    write_xlsx(target / "billing/price-list-2025.xlsx", "Price list 2025", PRICE_LIST)
    write_xlsx(target / "products/device-specs.xlsx", "Device specifications", DEVICE_SPECS)
    write_xlsx(target / "zh/价格表.xlsx", "价格表", PRICE_LIST_ZH)


def main() -> None:
    """Parse the command line and write the documents."""
    parser = argparse.ArgumentParser(description="Write the binary sample documents.")
    default = Path(__file__).resolve().parent.parent / "knowledge"
    parser.add_argument("--target", type=Path, default=default, help="folder to write to")
    write_all(parser.parse_args().target)


if __name__ == "__main__":
    main()
