import connections from "./en/connections.ts";
import edges from "./en/edges.ts";
import govern from "./en/govern.ts";
import loop from "./en/loop.ts";
import pages from "./en/pages.ts";
import proof from "./en/proof.ts";
import shell from "./en/shell.ts";
import storage from "./en/storage.ts";
import system from "./en/system.ts";

export default { ...shell, ...loop, ...pages, ...connections, ...govern, ...storage, ...proof, ...edges, ...system };
