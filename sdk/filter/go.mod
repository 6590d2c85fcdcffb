module github.com/cubeset/cubeset/sdk/filter

go 1.24
