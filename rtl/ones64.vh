// The number of ones of 64 bits, by adds alone. Included inside a module.

  function [63:0] ones64;
    input [63:0] bits;
    reg [63:0] pairs;
    reg [63:0] nibbles;
    reg [63:0] bytes;
    reg [63:0] halves;
    reg [63:0] words;
    begin
      pairs   = bits - ((bits >> 1) & 64'h5555555555555555);
      nibbles = (pairs & 64'h3333333333333333) + ((pairs >> 2) & 64'h3333333333333333);
      bytes   = (nibbles + (nibbles >> 4)) & 64'h0F0F0F0F0F0F0F0F;
      halves  = (bytes + (bytes >> 8)) & 64'h00FF00FF00FF00FF;
      words   = (halves + (halves >> 16)) & 64'h000000FF000000FF;
      ones64  = (words + (words >> 32)) & 64'h00000000000000FF;
    end
  endfunction
