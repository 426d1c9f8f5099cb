import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { charactersOf, facesOf } from "../build/fonts.ts";

const STYLES = "src/styles/fonts.scss";
const LETTERS = {
  English: "abcdefghijklmnopqrstuvwxyz",
  Filipino: "ñáàâéèêíìîóòôúùû₱",
  Mongolian: "абвгдеёжзийклмноөпрстуүфхцчшщъыьэюя₮",
  Norwegian: "æøåéòô",
  Russian: "абвгдеёжзийклмнопрстуфхцчшщъыьэюя₽",
  Turkish: "abcçdefgğhıijklmnoöprsştuüvyzâîûİ₺",
  Ukrainian: "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’₴",
};

test("ranges are read as unicode-range writes them", () => {
  expect(charactersOf("U+0061-0063, U+20AC")).toBe("abc€");
});

test("each subset is cut to the ranges that the style sheet names", () => {
  expect([...facesOf('@include face("latin", (U+0020-007E, U+00A0));\n')]).toEqual([["latin", "U+0020-007E, U+00A0"]]);
});

test.each(Object.entries(LETTERS))("all letters of %s are in a font", (_, letters) => {
  const kept = [...facesOf(readFileSync(STYLES, "utf8")).values()].map(charactersOf).join("");
  expect(Array.from(letters + letters.toUpperCase()).filter((letter) => !kept.includes(letter))).toEqual([]);
});
