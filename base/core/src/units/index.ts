export { compatible, conversion, convert, isUnit, type UnitConversion, ucumFrom, ucumFromWord, unitProblem } from "./convert.ts";
export { displayUnit } from "./display.ts";
export { parseUnit, type Unit } from "./parse.ts";
