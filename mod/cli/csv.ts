/**
 * Reading CSV (RFC 4180).
 *
 * @module
 */

/** The rows of a text: fields without their quotes; empty lines are left out. Quoted fields end with their line. */
export function csvRows(text: string): string[][] {
  return text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "")
    .map((line) =>
      line.includes('"') ? quotedFields(line) : line.split(",").map((field) => field.trim())
    );
}

function quotedFields(line: string): string[] {
  const fields: string[] = [];
  let field = "", isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i]!;
    if (letter !== '"') {
      if (letter === "," && !isQuoted) {
        fields.push(field.trim());
        field = "";
      } else {
        field += letter;
      }
    } else if (isQuoted && line[i + 1] === '"') {
      field += letter;
      i++;
    } else {
      isQuoted = !isQuoted;
    }
  }
  return [...fields, field.trim()];
}
