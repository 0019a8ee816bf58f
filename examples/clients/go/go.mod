module dstok

go 1.18
