import first from "./es/first.ts";
import later from "./es/later.ts";

export default { ...first, ...later };
