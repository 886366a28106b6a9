// The node-*-* packages publish "os" and "cpu" as strings; pnpm 12 only honours arrays.
export const hooks = {
  readPackage(pkg) {
    for (const key of ["os", "cpu"]) if (typeof pkg[key] === "string") pkg[key] = [pkg[key]];
    return pkg;
  },
};
