import loop from "./loop.ts";
import shell from "./shell.ts";

/** What the door, the frame and the overview say. */
export default { ...shell, ...loop };
