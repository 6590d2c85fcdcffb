package host

// Version is this program's. It is in every manifest, and a dataset's bytes
// are promised to be equal only under one version.
const Version = "0.1.0"
