import connections from "./en/connections.ts";
import govern from "./en/govern.ts";
import loop from "./en/loop.ts";
import pages from "./en/pages.ts";
import proof from "./en/proof.ts";
import shell from "./en/shell.ts";
import storage from "./en/storage.ts";

export default { ...shell, ...loop, ...pages, ...connections, ...govern, ...storage, ...proof };
