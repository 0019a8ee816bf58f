module dstok-conformance

go 1.19
