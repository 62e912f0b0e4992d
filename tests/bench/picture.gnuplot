# SPDX-License-Identifier: GPL-2.0-only
#
# gnuplot -e "rows='FILE'; picture='FILE'": cost against the number of ranges, and
# against the size. ROWS has lines "ROW OWN INTREE FLOOR".

set terminal svg size 1000,460 dynamic background rgb 'white' font 'sans-serif,13'
set output picture
set multiplot layout 1,2
set logscale xy
set grid back lc rgb '#dddddd'
set border 3
set tics nomirror
set key top left reverse Left samplen 2 spacing 1.1
set style data linespoints

# Of the rows that begin so: the number they end in, and one of the costs.
of(start, column) = sprintf("< awk '/^%s-[0-9]+ / && $%d + 0 { n = $1; sub(/.*-/, \"\", n); print n, $%d }' %s", start, column, column, rows)
sized(column) = sprintf("< awk '/^map-iommu-[0-9]+[KMG] / { n = $1; sub(/.*-/, \"\", n); u = substr(n, length(n)); print (n + 0) * (u == \"G\" ? 1048576 : u == \"M\" ? 1024 : 1), $%d }' %s", column, rows)

set xlabel 'ranges of 4 KiB'
set ylabel 'instructions'
set title 'of several ranges'
set yrange [200:1e8]
set format y '10^{%L}'
set xtics (1, 16, 256, 4096)
plot of('map-iommu', 2) title 'map through the IOMMU' lc rgb '#c03030' pt 7, \
     of('map-iommu', 4) title '   page table alone' lc rgb '#c03030' dt 3 pt 0, \
     of('map-direct', 2) title 'map past it' lc rgb '#3060c0' pt 7, \
     of('map-direct', 3) title '   in-tree' lc rgb '#3060c0' dt 2 pt 6, \
     of('map-bus', 2) title 'map by bus addresses' lc rgb '#309050' pt 7, \
     of('map-bus', 3) title '   in-tree' lc rgb '#309050' dt 2 pt 6, \
     of('export', 2) title 'export and close' lc rgb '#806020' pt 7, \
     of('export', 3) title '   in-tree' lc rgb '#806020' dt 2 pt 6

set xlabel 'size of one range'
set title 'of one range, through the IOMMU'
set xtics ('4 KiB' 4, '2 MiB' 2048, '1 GiB' 1048576, '64 GiB' 67108864)
set xrange [2:134217728]
unset logscale y
set format y '%g'
set yrange [0:7000]
plot sized(2) title 'map' lc rgb '#c03030' pt 7, \
     sized(3) title '   in-tree' lc rgb '#c03030' dt 2 pt 6, \
     sized(4) title '   page table alone' lc rgb '#c03030' dt 3 pt 0
