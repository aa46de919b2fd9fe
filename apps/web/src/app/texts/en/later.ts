import connections from "./connections.ts";
import edges from "./edges.ts";
import govern from "./govern.ts";
import pages from "./pages.ts";
import proof from "./proof.ts";
import storage from "./storage.ts";
import system from "./system.ts";

/** What every other page says. */
export default { ...pages, ...connections, ...govern, ...storage, ...proof, ...edges, ...system };
