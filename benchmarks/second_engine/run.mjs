// Evaluates FHIRPath with fhirpath.js and the R4 model: JSON lines {id, expression, resource, variables} in,
// JSON lines {id, found} or {id, error} out. A variable {"date": "2019-06-01"} stands in the expression as a literal.
import { createInterface } from "node:readline";
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4/index.js";

const compiled = new Map();

function compile(expression) {
  if (!compiled.has(expression)) compiled.set(expression, fhirpath.compile(expression, r4));
  return compiled.get(expression);
}

function withDates(expression, variables) {
  let text = expression;
  const rest = {};
  for (const [name, value] of Object.entries(variables)) {
    if (value !== null && typeof value === "object" && "date" in value) {
      text = text.replace(new RegExp(`%${name}\\b`, "g"), `@${value.date}`);
    } else {
      rest[name] = value === null ? [] : value;
    }
  }
  return [text, rest];
}

function answer({ id, expression, resource, variables }) {
  try {
    const [text, rest] = withDates(expression, variables);
    const found = compile(text)(resource, rest);
    return { id, found: found.map((item) => (item !== null && typeof item?.toJSON === "function" ? item.toJSON() : item)) };
  } catch (cause) {
    return { id, error: String(cause?.message ?? cause).split("\n")[0].slice(0, 160) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
