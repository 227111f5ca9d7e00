"""Units and currencies in English and Chinese, and what they are in their base unit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_SPELLINGS: Final = {
    "second": "s sec secs second seconds 秒 秒钟",
    "minute": "min mins minute minutes 分钟 分",
    "hour": "h hr hrs hour hours 小时 个小时 钟头",
    "day": "day days 天 日 工作日 个工作日 自然日 个自然日",
    "week": "week weeks 周 星期 个星期 礼拜",
    "month": "month months 个月 月",
    "year": "year years yr yrs 年",
    "percent": "% percent per-cent ％",
    "EUR": "€ eur euro euros 欧元 欧",
    "USD": "$ usd us$ dollar dollars 美元 美金",
    "GBP": "£ gbp pound pounds 英镑",
    "CNY": "¥ ￥ cny rmb yuan 元 块 人民币",
    "celsius": "°c ℃ celsius 摄氏度 度",
    "fahrenheit": "°f ℉ fahrenheit 华氏度",
    "KB": "kb kilobyte kilobytes",
    "GB": "gb gigabyte gigabytes",
    "MB": "mb megabyte megabytes",
    "TB": "tb terabyte terabytes",
    "kg": "kg kilogram kilograms 公斤 千克",
    "g": "g gram grams 克",
    "mg": "mg milligram milligrams 毫克",
    "lb": "lb lbs",
    "oz": "oz ounce ounces",
    "km": "km kilometre kilometres kilometer kilometers 公里",
    "m": "m metre metres meter meters 米",
    "cm": "cm centimetre centimetres centimeter centimeters 厘米",
    "mm": "mm millimetre millimetres millimeter millimeters 毫米",
    "inch": "inch inches 英寸",
    "foot": "ft foot feet 英尺",
    "mile": "mile miles 英里",
    "litre": "l litre litres liter liters 升",
    "ml": "ml millilitre millilitres milliliter milliliters 毫升",
    "V": "v volt volts 伏",
    "mV": "mv millivolt millivolts",
    "A": "amp amps ampere amperes 安培",
    "mA": "ma milliamp milliamps 毫安",
    "mAh": "mah 毫安时",
    "W": "w watt watts 瓦",
    "kW": "kw kilowatt kilowatts 千瓦",
    "kWh": "kwh",
    "Hz": "hz hertz",
    "kHz": "khz",
    "GHz": "ghz",
    "MHz": "mhz",
    "Mbps": "mbps mbit/s",
    "Gbps": "gbps gbit/s",
    "person": "people persons person users user members member 人 名 位",
    "device": "device devices camera cameras 台 个设备",
}
UNIT_OF: Final = {name: unit for unit, spellings in _SPELLINGS.items() for name in spellings.split()}
"""Spelling, case-folded -> canonical unit."""
UNIT: Final = "|".join(sorted(map(re.escape, UNIT_OF), key=len, reverse=True))
CURRENCY: Final = r"[€$£¥￥]|\b(?:EUR|USD|GBP|CNY|RMB)"
_BASE: Final = {
    "minute": ("60", "second"),
    "hour": ("3600", "second"),
    "day": ("86400", "second"),
    "week": ("604800", "second"),
    "year": ("12", "month"),
    "KB": ("0.001", "MB"),
    "GB": ("1000", "MB"),
    "TB": ("1000000", "MB"),
    "kg": ("1000", "g"),
    "mg": ("0.001", "g"),
    "km": ("1000", "m"),
    "cm": ("0.01", "m"),
    "mm": ("0.001", "m"),
    "ml": ("0.001", "litre"),
    "mV": ("0.001", "V"),
    "mA": ("0.001", "A"),
    "kW": ("1000", "W"),
    "kHz": ("1000", "Hz"),
    "MHz": ("1000000", "Hz"),
    "GHz": ("1000000000", "Hz"),
    "Gbps": ("1000", "Mbps"),
}
"""What one of a unit is in its base unit (SI prefixes; a year has 12 months, a week 7 days). Units that convert by
no exact whole, such as months to days, are left apart."""


def in_base(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """`value` of `unit` as a number of its base unit: 2 kg are (2000, g)."""
    factor, base = _BASE.get(unit, ("1", unit))
    return (value * Decimal(factor)).normalize(), base
