// Reads our GIFT with gift-pegjs and compares the number of questions.
const { readFileSync } = require('node:fs');
const { parse } = require('gift-pegjs');

const path = process.argv[2];
const expected = Number(readFileSync(`${path}.count`, 'utf8').split(' ')[0]);
const questions = parse(readFileSync(`${path}.gift`, 'utf8')).filter((one) => one.type !== 'Category');
const kinds = {};
for (const { type } of questions) kinds[type] = (kinds[type] ?? 0) + 1;
console.log(`gift-pegjs: ${questions.length} of ${expected} questions`, kinds);
if (questions.length !== expected || questions.some((one) => one.type === 'Description')) process.exit(1);
