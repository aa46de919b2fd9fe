import connections from "./es/connections.ts";
import edges from "./es/edges.ts";
import govern from "./es/govern.ts";
import loop from "./es/loop.ts";
import pages from "./es/pages.ts";
import proof from "./es/proof.ts";
import shell from "./es/shell.ts";
import storage from "./es/storage.ts";
import system from "./es/system.ts";

export default { ...shell, ...loop, ...pages, ...connections, ...govern, ...storage, ...proof, ...edges, ...system };
