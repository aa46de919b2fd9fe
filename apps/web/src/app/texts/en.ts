import first from "./en/first.ts";
import later from "./en/later.ts";

export default { ...first, ...later };
